"""Folders of data as earlier versions left them, and what is asked of them."""

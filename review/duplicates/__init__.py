"""Duplicates: found by a scan in the background, shown in tiers, decided by people. Derived data, made again at will.

What people decided is kept by the images' bytes, outlives every scan, and is left out of the next.
"""

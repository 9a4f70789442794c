"""The only readers and writers of Feature rows: what is wanted, who works on it, and the vectors computed."""

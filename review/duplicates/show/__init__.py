"""What people see of groups of duplicates."""

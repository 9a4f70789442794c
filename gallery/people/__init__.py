"""Who people are to the library: roles, permissions, membership, accounts."""

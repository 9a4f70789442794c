"""What people decide about pairs: recorded for ever, withdrawn, agreed on, listed, exchanged."""

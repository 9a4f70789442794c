"""Evidence: verdicts and recorded searches as files that hold what they rest on."""

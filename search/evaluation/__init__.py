"""The lab: how good search is on this library, measured by what is known about its images, and stored to compare."""

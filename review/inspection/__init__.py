"""What two images have in common and what not, pixel by pixel: pure algorithms, without Django and without rows."""

"""What the local method is made of: keypoints in rows of fixed length, their pairing, and the homography of pairs."""

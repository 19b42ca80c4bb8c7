"""Models of scanpaths: decoders that all share, and controls that never see an image."""

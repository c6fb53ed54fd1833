"""The back-end `local`: pictures, videos and replies without a key or a GPU, labelled as such."""

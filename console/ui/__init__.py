"""Parts that pages are built of; each works alone, beside any element of NiceGUI."""

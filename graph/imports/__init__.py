"""Files of events, uploaded: read, checked, applied row by row, and reported on."""

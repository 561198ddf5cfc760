"""The add-on's operators, one file for each purpose."""

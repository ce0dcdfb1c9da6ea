"""The questions that hosts are asked, a module for each format."""

"""Network modules and their weights. Nothing here knows of files, frames, jobs or pipelines."""

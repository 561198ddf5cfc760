"""The rooms behind build.py. What build.py itself imports is standard library only."""

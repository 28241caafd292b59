"""Files and documents as text: YAML with lines, characters, regular files, JSON narrowed to types, faults."""

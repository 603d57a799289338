"""What is tried: single elements, rows, and calls made of them, family by family; nothing here knows what is right."""

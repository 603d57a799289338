"""What is right: the operations' definitions, and what guards the definitions themselves."""

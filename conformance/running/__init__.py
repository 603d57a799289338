"""What is run, where, and what came of it: plans, processes, journals."""

"""What is kept and what goes: garbage, verification, backup."""

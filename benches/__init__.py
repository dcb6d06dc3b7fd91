"""What is timed: the engine (`engine.py`) and the pricing functions beside other libraries (`pricing`)."""

"""Networks: one neuron at a time, and as matrices."""

"""Models: checkpoints, tokenizers, heads, batches, sentence vectors."""

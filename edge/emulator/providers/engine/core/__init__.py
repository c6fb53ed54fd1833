"""Language primitives of the engine: words, sentences, turns, ranking, embeddings, token counts."""

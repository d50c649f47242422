"""Pure functions on text: normalisation, words, sentences, readability, repetition."""

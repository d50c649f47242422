"""What calls cost: prices, token counts, the ledger of a run and its caps."""

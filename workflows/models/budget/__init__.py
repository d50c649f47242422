"""Costs of calls: prices, token counts, the ledger of a run and its caps."""

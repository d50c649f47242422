"""Layout of documents as plain text: HTML, formulas, tables. Pure."""

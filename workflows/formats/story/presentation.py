"""Presentation of a story. The page has a form of its own for it."""

from workflows.formats.form import Form, Presentation

PRESENTATION = Presentation(form=Form(heading="A chapter, written for one reader"), chat_field="theme")

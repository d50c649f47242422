"""A page that writes a story: `streamlit run streamlit_story.py`."""

import streamlit as st
from storywire_client import Reconnect, RunFailed, Story, Storywire, StorywireError

SERVICE = "http://127.0.0.1:8000"

st.title("A story")
theme = st.text_input("What is it about?", "a lighthouse on the moon")
age = st.slider("How old is the reader?", 3, 14, 7)


def show(story: Story) -> None:
    """Shows a story while it is written, and its end."""
    progress, place = st.empty(), st.empty()
    st.session_state.run_id = story.run_id
    for message in story:
        if message["type"] in ("content", "retract"):
            place.markdown("\n\n".join(story.sections.values()))
        elif message["type"] == "progress":
            progress.caption(message["data"]["message"])
    result = story.result()
    progress.subheader(result["title"])
    st.caption(f"{result['metadata'].get('word_count', '?')} words")


with Storywire(SERVICE, reconnect=Reconnect(attempts=8)) as storywire:
    try:
        written = st.session_state.get("run_id")
        if st.button("Write it"):
            with storywire.start("story", {"theme": theme, "reader": {"age": age}}) as story:
                show(story)
        elif written and st.button("Show it again"):
            show(storywire.follow(written))
    except RunFailed as failed:
        st.error(str(failed))
    except StorywireError as error:
        st.warning(f"{error} ({error.code})")

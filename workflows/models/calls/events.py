"""LangChain's events of a model call, and who doesn't want them."""

from langchain_core.callbacks import BaseCallbackManager
from langchain_core.runnables import RunnableConfig


def without_deaf_handlers(config: RunnableConfig) -> RunnableConfig:
    """The config of a model call, without the handlers of an event stream that were asked to leave models out.

    They do leave them out, but after each event was made; and since such a handler is no inline one, LangChain makes a
    task of every token to tell it.
    """
    callbacks = config.get("callbacks")
    if not isinstance(callbacks, BaseCallbackManager):
        return config
    deaf = [handler for handler in callbacks.handlers if _is_deaf(handler)]
    if not deaf:
        return config
    others = callbacks.copy()
    for handler in deaf:
        others.remove_handler(handler)
    return {**config, "callbacks": others}


def _is_deaf(handler: object) -> bool:
    wanted = getattr(handler, "root_event_filter", None)
    return "chat_model" in (getattr(wanted, "exclude_types", None) or ())

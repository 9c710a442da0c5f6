"""The Redis connection that a job may ask for; made from its description, connected by its first command."""

class Unreachable:
    """Stands in for a connection that could not be made; every use of it tells why."""

    def __init__(self, reason):
        self.__dict__["reason"] = reason

    def __getattr__(self, name):
        raise ConnectionError(self.__dict__["reason"])


class Lazy:
    """A described connection, made once: redis is imported only where the job imported rq, which needs it."""

    def __init__(self, description, kind=None):
        self.description = description
        self.kind = kind
        self.made = None

    def get(self):
        """The connection; never raises."""
        if self.made is None:
            try:
                self.made = make(self.description, self.kind)
            except Exception as error:
                self.made = Unreachable("no connection to Redis can be made: %s" % error)
        return self.made


def make(description, kind=None):
    """A client of redis-py, or of a class like it, for the description. Nothing is sent yet."""
    if not description:
        return Unreachable("this work horse was not told how to reach Redis")
    import redis

    if description.get("sentinel"):
        return from_sentinel(description["sentinel"])
    options = description.get("options") or {}
    if description.get("url"):
        return (kind or redis.Redis).from_url(description["url"], **options)
    return (kind or redis.Redis)(**options)


def from_sentinel(sentinel):
    """The master of a Sentinel group."""
    from redis.sentinel import Sentinel

    instances = [tuple(instance) for instance in sentinel["instances"]]
    group = Sentinel(instances, sentinel_kwargs=sentinel.get("sentinel_options"), **(sentinel.get("options") or {}))
    return group.master_for(sentinel["master_name"])

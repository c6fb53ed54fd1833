"""The queue of this process, as its environment says."""

from functools import lru_cache

from shared.env import SupabaseEnv
from shared.queue.env import QueueEnv
from shared.queue.pgmq import PgmqQueue
from shared.queue.redis import RedisRunner
from shared.queue.scripted import ScriptedQueue
from shared.queue.upstash import UpstashRunner


@lru_cache(maxsize=1)
def choose_queue(settings: QueueEnv, project: SupabaseEnv) -> PgmqQueue | ScriptedQueue:
    """Return the queue that the settings lead to."""
    if settings.redis_url:
        return ScriptedQueue(RedisRunner(settings.redis_url))
    if settings.upstash_url:
        return ScriptedQueue(UpstashRunner(settings.upstash_url, settings.upstash_token))
    return PgmqQueue(project)

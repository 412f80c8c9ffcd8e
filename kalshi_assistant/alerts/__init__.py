"""What happens, told to somebody who is not looking: snapshots in, messages out.

| file          | what                                                              |
|---------------|-------------------------------------------------------------------|
| settings      | what a person may set; everything is off by default               |
| grammar       | one line of the configuration as a rule, or where it is wrong     |
| watching      | snapshots -> candidates, one watcher for each kind of rule        |
| policy        | candidates -> messages: repetition, quiet hours, limits, digests  |
| quiet         | the hours in which only the severe is told                        |
| message       | candidates and messages as values                                 |
| courier       | one bounded queue with retries for each channel                   |
| channel       | what a channel is; a call that may hang in a thread of its own    |
| channels      | the channels that are switched on, and ``check`` for one of them  |
| desktop, telegram, webhook, apprise | one channel each                            |
| remote        | what a person may ask and order from Telegram                     |
| delivery      | the process: attached to an engine until it ends                  |

**Invariant:** nothing here runs in the engine's process; it reads snapshots and sends operator
commands over the control socket like any other reader. ``grammar``, ``watching``, ``policy``,
``quiet`` and ``message`` are pure: the time comes with the snapshot.
"""

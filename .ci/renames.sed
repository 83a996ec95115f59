# Rewrites an old transcript with today's words:
#
#     sed -E -f .ci/renames.sed old.txt > new.txt
#
# Applied to the transcripts at commit cc08ad5, before the rename, it gives those at commit cbe4cee,
# after it: only words changed. In a clone with history this prints nothing (bash):
#
#     git ls-tree -r --name-only cc08ad5 tests/transcripts | while read -r old; do new=$(sed 's/look/poll/; s/in-vain/about-others/; s/answer/response/' <<<"$old"); diff <(git show "cc08ad5:$old" | sed -E -f .ci/renames.sed) <(git show "cbe4cee:$new") || echo "$old"; done

# The data of events and options.
s/\blooks at\b/polls/g
s/\blooked at\b/polled/g
s/\blook at\b/poll/g
s/\b(next_)?look\b/\1poll/g
s/\blooks\b/polls/g
s/\blooked\b/polled/g
s/\bLook(Due|Failed|Reason)\b/Poll\1/g
s/\bpoll: PollPolicy\b/poll_policy: PollPolicy/g
s/\bowner: Owner\b/meta: DocumentMeta/g

# The names of responses in errors.
s/what: "status answer"/what: "status response"/g
s/what: "answer to the submit"/what: "submit response"/g

# The first line says what a transcript shows. The rules above were applied to it before these.
s/^# Given up when a poll was announced\.$/# Abandoned when a poll was due./
s/^# Given up when the submit was announced: it was never sent\.$/# Abandoned when the submit was announced: it was never sent./
s/^# Given up while it waits for the next attempt\.$/# Abandoned while it waits for the next attempt./
s/^# Given up once it was submitted: it can be resumed\.$/# Abandoned after the submit: it can be resumed./
s/^# The clock goes back during a wait and during an exchange: no time at all\.$/# The clock goes back during a wait and during an exchange: that counts as no time./
s/^# Asleep for a day: what is due is due once\.$/# Asleep for a day: one poll is due./
s/^# Each submit waits until its announcement is stored\.$/# Each submit waits until its event is confirmed./
s/^# The last poll fails, and its cause is told\.$/# The last poll fails, and its cause is reported./
s/^# Asked to wait past the deadline: it ends at once, with the hint\.$/# A hint past the deadline: it finishes at once, with the hint./
s/^# For a person who waits\.$/# The policy for a person who waits./
s/^# Asked to wait past the deadline: it ends at once\.$/# A hint past the deadline: it finishes at once./
s/^# Not sent, as often as allowed\.$/# Not sent, until the attempts are used up./
s/^# A poll that fails says nothing about the job\.$/# A failed poll changes nothing about the job./
s/^# For results that nobody waits for, with gaps of one's own\.$/# The policy for results without urgency, with custom gaps./
s/^# Accepted, with a date before which not to ask\.$/# Accepted, with a date before which not to poll./
s/^# The key is replaced between two attempts; it is in no line\.$/# The key is replaced between two attempts; no line shows it./
s/^# An id just given stays unknown\.$/# A new id stays unknown./
s/^# An id just given may be unknown for a while\.$/# A new id may be unknown for a while./
s/^# A webhook that comes before the submit's answer brings the first poll forward\.$/# A webhook before the response to the submit brings the first poll forward./
s/^# Webhooks about others change nothing\.$/# Webhooks about other extractions change nothing./
s/^# A webhook brings the next poll forward, to a second after the last at the soonest\.$/# A webhook brings the next poll forward, but not closer than a second to the last one./
s/^# 503 is trusted to mean that nothing was processed\.$/# With `trusting_overload`, 503 means that nothing was processed./
s/^# A redirect is no answer, and nothing is sent to where it points\.$/# A redirect is refused, and nothing is sent to its location./
s/^# A wrong document type: refused for good\.$/# A wrong document type: refused and not retried./
s/^# A snapshot goes on, and the pause it was asked for outlives the process\.$/# A snapshot is restored, and the requested pause outlives the process./
s/^# Once more is allowed: it may be billed twice, and is followed\.$/# One resubmission is allowed: it may be billed twice, and is followed./
s/^# A ticket goes on: it is polled at once, and then by its age\.$/# A ticket is resumed: polled at once, and then by its age./
s/^# An answer over the limit was an answer all the same\.$/# A response over the limit is still a response./
s/^# A snapshot of a job that was just being submitted: what became of it can't be known any more\.$/# A snapshot of a job during its submit: the outcome is unknown./
s/^# Once more is allowed, and is as unclear\.$/# One resubmission is allowed, and its outcome is unknown too./
s/^# Text blocks are asked for with every request, and the result may have a megabyte\.$/# Text blocks are requested every time, and the result may have a megabyte./
s/^# The hint is a floor, and the job ages meanwhile\.$/# The hint is a minimum, and the job ages meanwhile./
s/^# Told to wait, and told so without saying how long; a hint that can't be read is none\.$/# Throttled with a hint, without one, and with an unreadable one, which is ignored./
s/^# A status that is none is told, and taken for in progress\.$/# An unknown status is reported, and means in progress./
s/^# Finished, and the result has a value of another kind\.$/# Finished, and the result has a value of the wrong type./

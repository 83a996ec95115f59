# Puts a transcript that was written before the words of the library were made standard into today's:
#
#     sed -E -f .ci/renames.sed old.txt > new.txt
#
# Put through this, the transcripts of tests/transcripts at cc08ad5 are those of the commit that renamed.

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

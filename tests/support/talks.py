"""Carries on a conversation from a script: path to answers, the last of which stays."""

from kalshi_assistant.venues.kalshi.rest import RefusalError, parse_error


class Script:
    """Answers by path (of several: in turn); an integer is a refusal with that status."""

    def __init__(self, answers):
        self.answers = {path: list(bodies) for path, bodies in answers.items()}
        self.asked = []

    def answer(self, request):
        self.asked.append(request)
        waiting = self.answers[request.path]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def hold(self, talk):
        """What the conversation ends with."""
        try:
            request = next(talk)
            while True:
                answer = self.answer(request)
                if isinstance(answer, int):
                    request = talk.throw(RefusalError(parse_error(answer, b"")))
                else:
                    request = talk.send(answer)
        except StopIteration as done:
            return done.value

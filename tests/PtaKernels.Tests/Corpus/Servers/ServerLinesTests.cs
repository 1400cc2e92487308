using PtaKernels.Corpus;
using PtaKernels.Corpus.Servers;

namespace PtaKernels.Tests.Corpus.Servers;

/// <summary>What servers write becomes rows: hand-written responses in the forms of vLLM and of OpenAI-compatible completions and chats.</summary>
public sealed class ServerLinesTests
{
    /// <summary>k = 2. The second entry holds 3: its own token 5 is of rank 40; the third is unsorted and has a tie at rank 1.</summary>
    private const string Prompt = """
        "prompt_token_ids": [1, 5, 9, 2],
        "prompt_logprobs": [null,
          {"5": {"logprob": -6.5, "rank": 40, "decoded_token": "x"}, "8": {"logprob": -0.25, "rank": 1, "decoded_token": " the"}, "7": {"logprob": -2.0, "rank": 2, "decoded_token": " a"}},
          {"9": {"logprob": -1.0, "rank": 2, "decoded_token": "\u00e9"}, "3": {"logprob": -1.0, "rank": 1, "decoded_token": "\""}},
          {"2": {"logprob": -0.5, "rank": 1, "decoded_token": "."}, "4": {"logprob": -3.0, "rank": 2, "decoded_token": null}}]
        """;

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void AFlatObject()
    {
        TokenizedDocument document = Read($$"""{"id": "doc-7", {{Prompt}}}""");
        AssertPrompt(document);
        Assert.That(document.Id, Is.EqualTo("doc-7"));
    }

    [Test]
    public void ACompletionsResponse()
    {
        TokenizedDocument document = Read($$"""{"id": "cmpl-77", "object": "text_completion", "model": "m", "choices": [{"index": 0, "text": " x", "logprobs": null, "finish_reason": "length", {{Prompt}}, "token_ids": [11]}], "usage": {"prompt_tokens": 4, "total_tokens": 5, "completion_tokens": 1} }""");
        AssertPrompt(document);
        Assert.That(document.Id, Is.EqualTo("line 1"), "a response's own id is another one for each model");
    }

    [Test]
    public void AChatResponse() =>
        AssertPrompt(Read($$"""{"id": "chatcmpl-1", "object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}, "logprobs": null}], {{Prompt}}}"""));

    [Test]
    public void ALineOfABatch()
    {
        TokenizedDocument document = Read($$"""{"id": "vllm-1", "custom_id": "request-3", "response": {"status_code": 200, "request_id": "r", "body": {"choices": [{ {{Prompt}} }]} }, "error": null}""");
        AssertPrompt(document);
        Assert.That(document.Id, Is.EqualTo("request-3"));
    }

    [Test]
    public void TheFirstGeneratedTokenGivesTheLastRow()
    {
        TokenizedDocument document = Read($$"""{"request_id": "0", {{Prompt}}, "outputs": [{"index": 0, "token_ids": [6], "logprobs": [{"6": {"logprob": -0.75, "rank": 1, "decoded_token": "q"}, "7": {"logprob": -1.5, "rank": 2, "decoded_token": "r"} }] }] }""");
        AssertPrompt(document, last: ([6, 7], [-0.75, -1.5]));
    }

    [Test]
    public void NumbersInPlaceOfObjects()
    {
        TokenizedDocument document = Read("""{"prompt_token_ids": [1, 5], "prompt_logprobs": [null, {"5": -0.5, "2": -0.25, "3": -4}]}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(document.Candidates.IndicesOf(0).ToArray(), Is.EqualTo(new[] { 2, 5, 3 }));
            Assert.That(document.LabelCrossEntropy, Is.EqualTo(new[] { 0.5 }));
        }
    }

    [Test]
    public void AnEchoedCompletion()
    {
        // k = 2: the last token of the prompt and the answer are outside, with three entries.
        TokenizedDocument document = Read("""
            {"choices": [{"index": 0, "logprobs": {"text_offset": [0, 1, 2, 3], "tokens": ["token_id:1", "token_id:5", "token_id:9", "token_id:3"], "token_logprobs": [null, -0.5, -7.0, -9.5],
            "top_logprobs": [null, {"token_id:5": -0.5, "token_id:8": -1.0}, {"token_id:9": -7.0, "token_id:2": -0.25, "token_id:4": -2.0}, {"token_id:3": -9.5, "token_id:6": -0.125, "token_id:7": -9.0}]}}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}}
            """.ReplaceLineEndings(" "));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(document.Ids, Is.EqualTo(new[] { 1, 5, 9 }));
            Assert.That(document.Candidates.K, Is.EqualTo(2));
            Assert.That(document.Candidates.Indices, Is.EqualTo(new[] { 5, 8, 2, 4, 6, 7 }));
            Assert.That(document.Candidates.Values, Is.EqualTo(new[] { -0.5, -1, -0.25, -2, -0.125, -9 }));
            Assert.That(document.LabelCrossEntropy, Is.EqualTo(new[] { 0.5, 7 }));
            Assert.That(document.MeanCrossEntropy, Is.EqualTo(3.75));
        }
    }

    [Test]
    public void AChatsAnswer()
    {
        // Three places each, one of which the token itself takes when it is not among the best: two are sure.
        TokenizedDocument document = Read("""
            {"choices": [{"message": {}, "logprobs": {"content": [
            {"token": "token_id:1", "logprob": -0.1, "bytes": [120], "top_logprobs": [{"token": "token_id:1", "logprob": -0.1}, {"token": "token_id:2", "logprob": -3}, {"token": "token_id:3", "logprob": -4}]},
            {"token": "token_id:9", "logprob": -9, "bytes": null, "top_logprobs": [{"token": "token_id:9", "logprob": -9}, {"token": "token_id:2", "logprob": -1}, {"token": "token_id:3", "logprob": -2}]},
            {"token": "token_id:4", "logprob": -0.5, "bytes": [], "top_logprobs": [{"token": "token_id:4", "logprob": -0.5}, {"token": "token_id:6", "logprob": -2}, {"token": "token_id:5", "logprob": -1}]}]}}]}
            """.ReplaceLineEndings(" "));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(document.Ids, Is.EqualTo(new[] { 1, 9, 4 }));
            Assert.That(document.Candidates.Indices, Is.EqualTo(new[] { 2, 3, 4, 5, 4, 5 }));
            Assert.That(document.Candidates.Values, Is.EqualTo(new[] { -1, -2, -0.5, -1, -Math.Log(2), -Math.Log(2) }));
            Assert.That(document.LabelCrossEntropy, Is.EqualTo(new[] { 9, 0.5 }));
        }
    }

    [Test]
    public void OneTokenAndNone()
    {
        TokenizedDocument one = Read("""{"prompt_token_ids": [7], "prompt_logprobs": [null]}"""), none = Read("""{"prompt_token_ids": [], "prompt_logprobs": []}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(one.Candidates.Indices, Is.EqualTo(new[] { 7 }));
            Assert.That(one.Candidates.Values, Is.EqualTo(new[] { 0.0 }));
            Assert.That(one.LabelCrossEntropy, Is.Empty);
            Assert.That(one.MeanCrossEntropy, Is.Null);
            Assert.That(none.Length, Is.Zero);
        }
    }

    [Test]
    public void MoreThanTheMostCandidatesAreCut()
    {
        string entries = string.Join(", ", Enumerable.Range(1, 80).Reverse().Select(static r => $"\"{r}\": {{\"logprob\": {-r}, \"rank\": {r}}}"));
        TokenizedDocument document = Read($$"""{"prompt_token_ids": [1, 5], "prompt_logprobs": [null, { {{entries}} }]}""");
        Assert.That(document.Candidates.IndicesOf(0).ToArray(), Is.EqualTo(Enumerable.Range(1, 64)));
    }

    [Test]
    public void ATokenThatTiesWithTheBestIsNotCountedTwice()
    {
        // The own token 5 is outside the two best, but the server counts only those above it: it shares rank 2.
        TokenizedDocument document = Read("""{"prompt_token_ids": [1, 5], "prompt_logprobs": [null, {"5": {"logprob": -2, "rank": 2}, "8": {"logprob": -1, "rank": 1}, "7": {"logprob": -2, "rank": 2}}]}""");
        Assert.That(document.Candidates.IndicesOf(0).ToArray(), Is.EqualTo(new[] { 8, 7 }));
    }

    [Test]
    public void GzipAndBlankLines()
    {
        string path = _folder.Write("x.jsonl.gz", $"{{{Flat(Prompt)}}}", "", $"{{{Flat(Prompt)}}}");
        IDocumentReader reader = DocumentFiles.Open(path);
        Assert.That(reader.Kind, Is.EqualTo("JSON-lines file of log-probabilities"));
        Assert.That(reader.Read("").Select(static r => (r.DefaultId, r.Parse().Length)), Is.EqualTo(new[] { ("line 1", 4), ("line 3", 4) }));
    }

    [TestCase("""{"id": "a", "input_ids": [1], "per_step_logits": [[1]], "per_step_indices": [[1]]}""", false)]
    [TestCase("""{"input_ids": [1], "choices": []}""", false)]
    [TestCase("""{"per_step_lse": [NaN], "input_ids": [1]}""", false)]
    [TestCase("""{"id": "a", "usage": {"prompt_logprobs": 1}, "model": "x", "choices": []}""", true)]
    [TestCase("[1]", false)]
    [TestCase("", false)]
    public void IsRecognisedByTheFirstLine(string line, bool expected) => Assert.That(ServerLines.AreIn(_folder.Write("x.jsonl", line)), Is.EqualTo(expected));

    [Test]
    public void ALongFirstLineIsRecognisedWithinTheFirstMegabyte()
    {
        string path = _folder.Write("x.jsonl", $$"""{"prompt": "{{new string('x', 3_000_000)}}", "choices": []}""");
        Assert.That(ServerLines.AreIn(path), Is.False, "only the beginning is looked at");
        path = _folder.Write("y.jsonl", $$"""{"prompt": "{{new string('x', 600_000)}}", {{Flat(Prompt)}}}""");
        Assert.That(DocumentFiles.Read(path).Single().Length, Is.EqualTo(4));
    }

    [TestCase("""{"prompt_token_ids": [1, 5]}""", "has no prompt_logprobs and no choices; ask the server for prompt_logprobs and return_token_ids.")]
    [TestCase("""{"choices": [{"prompt_logprobs": [null]}]}""", "prompt_logprobs without prompt_token_ids; ask the server with return_token_ids.")]
    [TestCase("""{"prompt_token_ids": [1, 5], "prompt_logprobs": [null]}""", "prompt_logprobs has 1 entries for 2 prompt_token_ids.")]
    [TestCase("""{"prompt_token_ids": [1, -5], "prompt_logprobs": [null, null]}""", "prompt_token_ids 1 is -5, which is no token id.")]
    [TestCase("""{"prompt_token_ids": [1, 5], "prompt_logprobs": [null, null]}""", "prompt_logprobs 1 has null where an object of token ids should be.")]
    [TestCase("""{"prompt_token_ids": [1, 5], "prompt_logprobs": [null, {"a": -1}]}""", "prompt_logprobs 1 has an entry \"a\", which is no token id.")]
    [TestCase("""{"prompt_token_ids": [1, 5], "prompt_logprobs": [null, {"5": {"rank": 1}}]}""", "prompt_logprobs 1 has no logprob of token 5.")]
    [TestCase("""{"prompt_token_ids": [1, 5], "prompt_logprobs": [null, {"5": NaN}]}""", "prompt_logprobs 1 has \"NaN\" where a log-probability should be.")]
    [TestCase("""{"prompt_token_ids": [1, 5], "prompt_logprobs": [null, {"5": 2}]}""", "prompt_logprobs 1 has 2 as the log-probability of token 5, which is above 0.")]
    [TestCase("""{"prompt_token_ids": [1, 5], "prompt_logprobs": [null, {"5": -1, "5": -2}]}""", "prompt_logprobs 1 has token 5 twice.")]
    [TestCase("""{"prompt_token_ids": [1, 5], "prompt_logprobs": [null, {"6": -1}]}""", "prompt_logprobs 1 has no entry of its own token 5.")]
    [TestCase("""{"prompt_token_ids": [1, 5], "prompt_logprobs": [null, {"5": -1}]}""", "only the tokens themselves; ask the server for more log-probabilities.")]
    [TestCase("""{"prompt_token_ids": [1, 5], "prompt_logprobs": [null, {"5": {"logprob": -1, "rank": 3}}]}""", "position 1: 0 entries from the best down, where another position has 0; every one needs the same k.")]
    [TestCase("""{"prompt_token_ids": [1, 5, 6], "prompt_logprobs": [null, {"5": -1, "6": -2, "7": -3, "8": -4}, {"6": -1, "7": -2}]}""", "position 2: 2 entries from the best down, where another position has 4; every one needs the same k.")]
    [TestCase("""{"choices": [{}, {}]}""", "has 2 choices; ask the server for one prompt and one answer at a time.")]
    [TestCase("""{"choices": [{"logprobs": {"tokens": ["a"], "token_logprobs": [null], "top_logprobs": [null]}}]}""", "its log-probabilities name no token ids; ask the server with return_tokens_as_token_ids.")]
    [TestCase("""{"choices": [{"logprobs": {"tokens": ["token_id:1"], "token_logprobs": [null]}}]}""", "logprobs has no top_logprobs for each of its 1 tokens; ask the server for logprobs of 1 or more.")]
    [TestCase("""{"prompt_token_ids": [1, 5], "prompt_logprobs": [null, {"\ud800": -1}]}""", "a text in it is no Unicode; make the file again.")]
    public void ABadLine(string line, string message)
    {
        string path = _folder.Write("x.jsonl", line);
        AlignmentDataException error = Assert.Throws<AlignmentDataException>(() => new ServerLines(path).Read("").Single().Parse())!;
        Assert.That(error.Message, Is.EqualTo($"{path}, line 1: {message}"));
    }

    [Test]
    public void ALineThatIsCutOff()
    {
        string path = _folder.Write("x.jsonl", $"{{{Flat(Prompt)}");
        Assert.That(() => DocumentFiles.Read(path).ToArray(), Throws.TypeOf<AlignmentDataException>().With.Message.Contains($"{path}, line 1: not whole JSON (byte "));
    }

    private TokenizedDocument Read(string line)
    {
        string path = _folder.Write("x.jsonl", Flat(line));
        Assert.That(DocumentFiles.Open(path), Is.InstanceOf<ServerLines>());
        return DocumentFiles.Read(path).Single();
    }

    private static string Flat(string line) => line.ReplaceLineEndings(" ");

    private static void AssertPrompt(TokenizedDocument document, (int[] Tokens, double[] Values)? last = null)
    {
        (int[] tokens, double[] values) = last ?? ([2, 4], [-Math.Log(2), -Math.Log(2)]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(document.Ids, Is.EqualTo(new[] { 1, 5, 9, 2 }));
            Assert.That(document.Candidates.K, Is.EqualTo(2));
            Assert.That(document.Candidates.Indices, Is.EqualTo((int[])[8, 7, 3, 9, 2, 4, .. tokens]));
            Assert.That(document.Candidates.Values, Is.EqualTo((double[])[-0.25, -2, -1, -1, -0.5, -3, .. values]));
            Assert.That(document.LogSumExp, Is.EqualTo(new double[4]));
            Assert.That(document.LabelCrossEntropy, Is.EqualTo(new[] { 6.5, 1, 0.5 }));
            Assert.That(document.MeanCrossEntropy, Is.EqualTo(8.0 / 3).Within(1e-15));
        }
    }
}

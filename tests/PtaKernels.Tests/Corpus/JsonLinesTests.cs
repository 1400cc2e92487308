using System.Text;
using PtaKernels.Corpus;

namespace PtaKernels.Tests.Corpus;

/// <summary>Documents from JSON lines: what is read, and one sentence with file, line and field for what cannot be.</summary>
[TestFixture]
public sealed class JsonLinesTests
{
    private const string Ids = "\"input_ids\": [5, 6]";
    private const string Logits = "\"per_step_logits\": [[2.5, 1], [0.5, -1]]";
    private const string Indices = "\"per_step_indices\": [[7, 8], [9, 10]]";
    private const string Whole = $$"""{"id": "d", {{Ids}}, {{Logits}}, {{Indices}}}""";

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void AWholeDocument([Values("a.jsonl", "a.jsonl.gz")] string name)
    {
        string line = $$"""{"text": "left alone NaN", "id": "d", {{Ids}}, {{Logits}}, {{Indices}}, "per_step_lse": [3, 2], "per_step_metric_ce": [0.75], "metric_ce": 0.5, "byte_offsets": [[0, 1], [1, 4]]}""";
        TokenizedDocument document = JsonLines.Read(_folder.Write(name, line)).Single();
        Assert.That(document.Id, Is.EqualTo("d"));
        Assert.That(document.Ids, Is.EqualTo(new[] { 5, 6 }));
        Assert.That(document.Candidates.K, Is.EqualTo(2));
        Assert.That(document.Candidates.Values, Is.EqualTo(new[] { 2.5, 1, 0.5, -1 }));
        Assert.That(document.Candidates.Indices, Is.EqualTo(new[] { 7, 8, 9, 10 }));
        Assert.That(document.LogSumExp, Is.EqualTo(new[] { 3.0, 2 }));
        Assert.That(document.LabelCrossEntropy, Is.EqualTo(new[] { 0.75 }));
        Assert.That(document.MeanCrossEntropy, Is.EqualTo(0.5));
        Assert.That(document.Spans, Is.EqualTo(new[] { (0, 1), (1, 4) }));
    }

    [Test]
    public void OptionalFieldsMayBeMissingOrNull()
    {
        string nulls = Whole.Replace("\"id\"", """ "per_step_lse": null, "per_step_metric_ce": null, "metric_ce": null, "byte_offsets": null, "id" """, StringComparison.Ordinal);
        foreach (TokenizedDocument document in JsonLines.Read(_folder.Write("a", Whole, nulls)))
            Assert.That((document.LogSumExp, document.LabelCrossEntropy, document.MeanCrossEntropy, document.Spans), Is.EqualTo(((double[]?)null, (double[]?)null, (double?)null, ((int, int)[]?)null)));
    }

    [Test]
    public void PaddingIsTrimmed()
    {
        string line = """{"id": 12, "input_ids": [5], "per_step_logits": [[1, 0], [0], []], "per_step_indices": [[7, 8], [0, 0]], "per_step_lse": [2, 0, 0], "per_step_metric_ce": [9, 9], "byte_offsets": [[0, 1], [0, 0]]}""";
        TokenizedDocument document = JsonLines.Read(_folder.Write("a", line)).Single();
        Assert.That(document.Id, Is.EqualTo("12"));
        Assert.That((document.Candidates.Rows, document.LogSumExp!.Length, document.LabelCrossEntropy!.Length, document.Spans!.Length), Is.EqualTo((1, 1, 0, 1)));
    }

    [Test]
    public void NaNAndInfinitiesAreNumbers()
    {
        string line = $$"""{{{Ids}}, "per_step_logits": [[Infinity, NaN], [-Infinity, "NaN"]], {{Indices}}, "metric_ce": NaN, "per_step_lse": ["-Infinity", "Infinity"]}""";
        TokenizedDocument document = JsonLines.Read(_folder.Write("a", line)).Single();
        Assert.That(document.Candidates.Values, Is.EqualTo(new[] { double.PositiveInfinity, double.NaN, double.NegativeInfinity, double.NaN }));
        Assert.That(document.MeanCrossEntropy, Is.NaN);
        Assert.That(document.LogSumExp, Is.EqualTo(new[] { double.NegativeInfinity, double.PositiveInfinity }));
    }

    [Test]
    public void BlankLinesCountAndAreLeftOut()
    {
        string path = _folder.Write("a", "", Whole, "", Whole.Replace("\"id\": \"d\", ", "", StringComparison.Ordinal));
        Assert.That(JsonLines.ReadLines(path).Select(l => l.Number), Is.EqualTo(new[] { 2, 4 }));
        Assert.That(JsonLines.Read(path).Select(d => d.Id), Is.EqualTo(new[] { "d", "line 4" }));
        Assert.That(JsonLines.ReadLines(path).Select(l => l.Share), Is.Ordered.And.All.InRange(0.0, 1.0));
    }

    [Test]
    public void AnEmptyDocumentIsReadAndAnEmptyFileHoldsNone()
    {
        TokenizedDocument document = JsonLines.Read(_folder.Write("a", """{"id": "d", "input_ids": [], "per_step_logits": [[1]], "per_step_indices": [[1]], "per_step_metric_ce": []}""")).Single();
        Assert.That((document.Length, document.Candidates.Rows), Is.EqualTo((0, 0)));
        Assert.That(JsonLines.Read(_folder.Write("b")), Is.Empty);
    }

    [TestCase("oops", "not whole JSON")]
    [TestCase("""{"id": "d", "input_ids": [5, 6], "per_st""", "not whole JSON", "cut off")]
    [TestCase("[1]", "not a JSON object")]
    [TestCase($$"""{{{Logits}}, {{Indices}}}""", "no list input_ids")]
    [TestCase($$"""{{{Ids}}, {{Indices}}}""", "no list per_step_logits")]
    [TestCase($$"""{{{Ids}}, {{Logits}}, "per_step_indices": 3}""", "no list per_step_indices")]
    [TestCase($$"""{"input_ids": [5, "6"], {{Logits}}, {{Indices}}}""", "input_ids 1 is \"6\"", "not a value")]
    [TestCase($$"""{"input_ids": [5, 6.5], {{Logits}}, {{Indices}}}""", "input_ids 1 is 6.5")]
    [TestCase($$"""{"input_ids": [5, 3000000000], {{Logits}}, {{Indices}}}""", "input_ids 1 is 3000000000", "fits")]
    [TestCase($$"""{{{Ids}}, "per_step_logits": [[2.5, 1], [0.5]], {{Indices}}}""", "per_step_logits row 1 has 1 values", "same k")]
    [TestCase($$"""{{{Ids}}, "per_step_logits": [[2.5, 1], 3], {{Indices}}}""", "per_step_logits row 1 is not a list")]
    [TestCase($$"""{{{Ids}}, "per_step_logits": [[2.5, 1], [0.5, null]], {{Indices}}}""", "per_step_logits row 1, column 1 is null")]
    [TestCase($$"""{{{Ids}}, "per_step_logits": [[2.5, 1], ["0.5", 1]], {{Indices}}}""", "per_step_logits row 1, column 0 is \"0.5\"")]
    [TestCase($$"""{{{Ids}}, "per_step_logits": [[1], [2]], {{Indices}}}""", "per_step_logits has 1 values per row, per_step_indices 2")]
    [TestCase($$"""{{{Ids}}, "per_step_logits": [[1, 2]], {{Indices}}}""", "per_step_logits has 1 rows for 2 input_ids")]
    [TestCase($$"""{{{Ids}}, {{Logits}}, "per_step_indices": [[7, 8]]}""", "per_step_indices has 1 rows for 2 input_ids")]
    [TestCase($$"""{{{Ids}}, {{Logits}}, "per_step_indices": [[7, 8], [9, true]]}""", "per_step_indices row 1, column 1 is true")]
    [TestCase($$"""{{{Ids}}, "per_step_logits": [[], []], "per_step_indices": [[], []]}""", "0 candidates", "1..64")]
    [TestCase($$"""{{{Ids}}, {{Logits}}, {{Indices}}, "per_step_lse": [1]}""", "per_step_lse", "list of 2 numbers")]
    [TestCase($$"""{{{Ids}}, {{Logits}}, {{Indices}}, "per_step_lse": 7}""", "per_step_lse", "list of 2 numbers")]
    [TestCase($$"""{{{Ids}}, {{Logits}}, {{Indices}}, "per_step_metric_ce": []}""", "per_step_metric_ce", "list of 1 numbers")]
    [TestCase($$"""{{{Ids}}, {{Logits}}, {{Indices}}, "per_step_metric_ce": ["x"]}""", "per_step_metric_ce 0 is \"x\"")]
    [TestCase($$"""{{{Ids}}, {{Logits}}, {{Indices}}, "metric_ce": "x"}""", "metric_ce is \"x\"")]
    [TestCase($$"""{{{Ids}}, {{Logits}}, {{Indices}}, "metric_ce": [1]}""", "metric_ce is [1]")]
    [TestCase($$"""{{{Ids}}, {{Logits}}, {{Indices}}, "byte_offsets": [[0, 1]]}""", "byte_offsets has 1 rows for 2 input_ids")]
    [TestCase($$"""{{{Ids}}, {{Logits}}, {{Indices}}, "byte_offsets": [[0, 1, 2], [1, 2, 3]]}""", "byte_offsets rows have 3 numbers", "[start, end]")]
    [TestCase($$"""{{{Ids}}, {{Logits}}, {{Indices}}, "byte_offsets": [[0, 1], [1, 2.5]]}""", "byte_offsets row 1, column 1 is 2.5")]
    [TestCase($$"""{{{Ids}}, {{Logits}}, {{Indices}}, "byte_offsets": "0"}""", "byte_offsets", "list")]
    [TestCase($$"""{"id": "\ud800", {{Ids}}, {{Logits}}, {{Indices}}}""", "id")]
    public void ADamagedLineIsOneSentence(string line, params string[] says)
    {
        string path = _folder.Write("a.jsonl", Whole, line);
        AlignmentDataException error = Refusal(() => JsonLines.Read(path).Count());
        Assert.That(error.Message, Does.StartWith($"{path}, line 2: ").And.EndsWith("."));
        foreach (string part in says)
            Assert.That(error.Message, Does.Contain(part));
    }

    [Test]
    public void MoreThan64CandidatesAreRefused()
    {
        string Row(int k) => "[" + string.Join(",", Enumerable.Range(0, k)) + "]";
        string Line(int k) => $$"""{"input_ids": [5], "per_step_logits": [{{Row(k)}}], "per_step_indices": [{{Row(k)}}]}""";
        string path = _folder.Write("a", Line(64), Line(65));
        Assert.That(JsonLines.Read(path).First().Candidates.K, Is.EqualTo(64));
        Assert.That(Refusal(() => JsonLines.Read(path).Count()).Message, Is.EqualTo($"{path}, line 2: rows have 65 candidates; 1..64 are possible."));
    }

    [Test]
    public void ACutOffOrDamagedGzipIsNamed()
    {
        // Lines that do not compress away, so that a cut leaves some of them whole.
        Random random = new(1);
        string path = _folder.Write("a.jsonl.gz", Enumerable.Range(0, 400).Select(i => $"{i} {random.NextInt64():x}{random.NextInt64():x}"));
        byte[] whole = File.ReadAllBytes(path);
        foreach (int length in (int[])[whole.Length - 1, whole.Length - 8, whole.Length / 2, 20])
        {
            File.WriteAllBytes(path, whole[..length]);
            AssertDamaged(path, $"length {length}");
        }

        byte[] flipped = [.. whole];
        flipped[whole.Length / 2] ^= 0x10;
        File.WriteAllBytes(path, flipped);
        AssertDamaged(path, "flipped");
        File.WriteAllText(path, "not compressed at all");
        AssertDamaged(path, "plain");

        static void AssertDamaged(string path, string what) =>
            Assert.That(Refusal(() => JsonLines.ReadLines(path).Count()).Message, Does.StartWith($"{path}: ").And.Contain("gzip").And.Contain("line "), what);
    }

    [Test]
    public void AMissingFileIsNamed() =>
        Assert.That(Refusal(() => JsonLines.Read(_folder["none.jsonl"]).Count()).Message, Is.EqualTo($"{_folder["none.jsonl"]}: no such file."));

    [Test]
    public void AByteOrderMarkAndWindowsLineEndsAreRead()
    {
        File.WriteAllText(_folder["a"], Whole + "\r\n" + Whole + "\r\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.That(JsonLines.Read(_folder["a"]).Count(), Is.EqualTo(2));
    }

    private static AlignmentDataException Refusal(Func<object> act)
    {
        AlignmentDataException? error = null;
        Assert.That(() => act(), Throws.TypeOf<AlignmentDataException>().With.Matches<AlignmentDataException>(e => (error = e) is not null));
        return error!;
    }
}

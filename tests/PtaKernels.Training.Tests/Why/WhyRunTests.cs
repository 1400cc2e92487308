using System.CommandLine;
using System.IO.Compression;
using System.Text.Json;
using PtaKernels.Cli;
using PtaKernels.Pipeline;
using PtaKernels.Training.Tests.Pipeline;

namespace PtaKernels.Training.Tests.Why;

/// <summary>Questions to a real run of tiny models.</summary>
public sealed class WhyRunTests
{
    private TinyFusion _fusion = null!;
    private FuseOutcome _outcome = null!;

    [OneTimeSetUp]
    public void Run()
    {
        _fusion = new TinyFusion();
        _outcome = _fusion.Run(TinyFusion.Config("run") with { Students = [new() { Name = "ours" }, new() { Name = "official", Preset = "reference" }], Control = "clm" }, new RecordedProgress());
    }

    [OneTimeTearDown]
    public void Remove() => _fusion.Dispose();

    [Test]
    public void LossesAreThoseOfTheEvaluationAndRowsThoseOfTheAlignment()
    {
        // The documents are the held-out text too and shorter than a window, so that both go through the models in one piece.
        List<WhyDocument> documents = [];
        WhyReport report = Ask(new WhyRequest(), new RecordedProgress(), documents.Add);
        Assert.That((report.Student, report.Control, report.Documents, report.All.Documents), Is.EqualTo(("ours", "clm", (string?)null, 12)));
        Assert.That(report.Sources, Is.EqualTo(new[] { "neox", "mpt" }));
        Assert.That(report.Notes[0], Does.Contain("the student was trained on it"));
        SameBits(report.All.Before, _outcome.Before!);
        SameBits(report.All.Control!, Scores("clm"));
        SameBits(report.All.After, Scores("ours"));
        foreach ((DocumentScore score, WhyDocument document) in Scores("ours").Documents.Zip(documents))
        {
            Assert.That((document.Id, document.Domain, document.Tokens.Sum(static t => t.Bytes)), Is.EqualTo((score.Id, score.Domain, score.Bytes)));
            Assert.That(document.Tokens.Sum(static t => t.After) * Math.Log(2), Is.EqualTo(score.Nats).Within(1e-4 * score.Nats));
        }

        // What the alignment counted of the same rows when it ran.
        AlignOutcome aligned = _outcome.Students[0].Aligned!;
        WhyRows rows = report.All.Rows!;
        Assert.That((double)rows.Count / report.All.Tokens, Is.EqualTo(aligned.Coverage).Within(1e-12));
        Assert.That(new[] { rows.FusedTop1, rows.TargetTop1, rows.GoldProbability }, Is.EqualTo(new[] { aligned.GoldTop1, aligned.TargetTop1, aligned.GoldProbability }).Within(1e-9));
        WhyToken[] taught = [.. documents.SelectMany(static d => d.Tokens).Where(static t => t.Row.Transferred)];
        Assert.That(taught, Has.All.Matches<WhyToken>(static t => t.Row is { SourceRow: >= 0, Source: 0 or 1 } && t.Fused is not null));

        Assert.That(report.Tables.Select(static t => t.Name), Is.EqualTo(new[] { "rule and source", "domain", "kind of token", "most probable token", "largest fused probability" }));
    }

    [Test]
    public void OtherTextIsCapturedOnceAndAligned()
    {
        File.WriteAllLines(_fusion.In("other.jsonl"), Enumerable.Range(0, 5).Select(static i => $$"""{"id": "o{{i}}", "kind": "{{(i < 2 ? "few" : "many")}}", "text": "Sets the capacity of {{i}} lists; throws when it is less than {{i + 1}}. {{string.Concat(Enumerable.Repeat("More text of another kind. ", 8 * (i % 2)))}}"}"""));
        var request = new WhyRequest { Documents = _fusion.In("other.jsonl"), DomainField = "kind", Top = 2 };
        RecordedProgress first = new(), second = new();
        WhyReport report = Ask(request, first), again = Ask(request, second);
        Assert.That(first.Ran, Is.EqualTo(new[] { "split", "capture models target", "capture models neox", "capture models mpt", "capture losses before", "capture losses clm", "capture losses ours", "join rows and losses" }));
        Assert.That(second.Ran, Is.EqualTo(new[] { "join rows and losses" }));
        Assert.That(JsonSerializer.Serialize(again), Is.EqualTo(JsonSerializer.Serialize(report)));
        Assert.That(report.All.Bytes, Is.EqualTo(File.ReadLines(_fusion.In("other.jsonl")).Sum(static l => System.Text.Encoding.UTF8.GetByteCount(JsonDocument.Parse(l).RootElement.GetProperty("text").GetString()!))), "a begin of sequence predicts the first token");
        Assert.That(report.Tables[1].Lines.Select(static l => l.Name), Is.EqualTo(new[] { "few", "many" }), "pieces of long documents have their document's");
        Assert.That(report.Notes, Has.None.Contains("trained on it"));
        Assert.That(report.Helped.Concat(report.Hurt), Has.All.Matches<WhyPassage>(static p => p!.Tokens.Count == 12));
        Assert.That(File.Exists(_fusion.In("run/run.json")) && Directory.Exists(_fusion.In("run/why")));
    }

    [Test]
    public void TheVerbPrintsAndWritesTheSame()
    {
        (int exit, string text, string _) = Pta("why", _fusion.In("run"), "--student", "official", "--out", _fusion.In("answer"), "--top", "3");
        Assert.That(exit, Is.Zero);
        Assert.That(text, Does.Contain("Why: student official, preset reference, on the run's own text").And.Contain("rows here are those of neox").And.Contain("clm-official").And.Contain("By kind of token"));
        Assert.That(Directory.GetFiles(_fusion.In("answer")).Select(Path.GetFileName).Order(), Is.EqualTo(new[] { "why-tokens.jsonl.gz", "why.html", "why.json", "why.md" }));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(_fusion.In("answer/why.json")));
        using var lines = new StreamReader(new GZipStream(File.OpenRead(_fusion.In("answer/why-tokens.jsonl.gz")), CompressionMode.Decompress));
        JsonElement[] tokens = [.. lines.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static l => JsonDocument.Parse(l).RootElement)];
        JsonElement all = json.RootElement.GetProperty("all");
        Assert.That(tokens, Has.Length.EqualTo(all.GetProperty("tokens").GetInt32()));
        Assert.That(tokens.Average(static t => t.GetProperty("after").GetDouble()), Is.EqualTo(all.GetProperty("after").GetProperty("bits_per_token").GetDouble()).Within(1e-9));
        foreach (JsonElement line in json.RootElement.GetProperty("tables")[0].GetProperty("lines").EnumerateArray())
        {
            string rule = line.GetProperty("name").GetString()![..1];
            Assert.That(tokens.Count(t => t.GetProperty("rule").GetString() == rule), Is.GreaterThanOrEqualTo(line.GetProperty("tokens").GetInt32()));
        }

        Assert.That(ReportJson.Of(WhyWriter.Read(_fusion.In("answer/why.json"))) + "\n", Is.EqualTo(File.ReadAllText(_fusion.In("answer/why.json"))), "pta report --why reads it");
        Assert.That(() => WhyWriter.Read(_fusion.In("texts.jsonl")), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("expected the why.json"));
        (exit, text, _) = Pta("why", _fusion.In("run"), "--json");
        Assert.That((exit, JsonDocument.Parse(text).RootElement.GetProperty("student").GetString()), Is.EqualTo((0, "ours")));
    }

    [Test]
    public void NumbersOfTheTablesStandInTheJson()
    {
        WhyReport report = Ask(new WhyRequest { Student = "official" }, new RecordedProgress());
        JsonElement json = JsonSerializer.SerializeToElement(new { why = report }, ReportJson.Options);
        Figure[] figures = [.. WhyBlocks.Of(report, "why.").OfType<FiguresBlock>().SelectMany(static b => b.Rows).SelectMany(static r => r).Where(static f => f.Path is not null)];
        Assert.That(figures, Has.Length.GreaterThan(100));
        foreach (Figure figure in figures)
        {
            JsonElement at = json;
            foreach (string part in figure.Path!.Replace("[", ".", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Split('.'))
                at = int.TryParse(part, out int index) ? at[index] : at.GetProperty(part);
            Assert.That(at.GetDouble(), Is.EqualTo(figure.Value), figure.Path);
        }
    }

    [Test]
    public void BadInputIsOneSentence()
    {
        File.WriteAllText(_fusion.In("empty.jsonl"), "");
        using (Assert.EnterMultipleScope())
        {
            Fails("--student theirs: the run has no such student; there are ours, official.", "--student", "theirs");
            Fails("--student clm: is a control, which no source teaches; ask about ours, official.", "--student", "clm");
            Fails("--top is -1", "--top", "-1");
            Fails("nothing.jsonl: no such file or folder", "--documents", _fusion.In("nothing.jsonl"));
            Fails("empty.jsonl", "--documents", _fusion.In("empty.jsonl"));
            Fails("genre", "--domain-field", "genre");
        }

        string stage = _fusion.In("run/stages/train-ours.json"), hidden = stage + ".away";
        File.Move(stage, hidden);
        try
        {
            Fails("ours is not trained yet; run the same `pta fuse` once more");
        }
        finally
        {
            File.Move(hidden, stage);
        }

        Assert.That(Directory.Exists(_fusion.In("none")), Is.False);
    }

    private void Fails(string sentence, params string[] options)
    {
        (int exit, string _, string errors) = Pta(["why", _fusion.In("run"), "--out", _fusion.In("none"), .. options]);
        Assert.That((exit, errors), Is.EqualTo((1, errors)), sentence);
        Assert.That(errors, Does.Contain(sentence).And.Not.Contain("   at "));
    }

    private static (int Exit, string Output, string Errors) Pta(params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        int exit = PtaKernels.Cli.Program.Run(new RootCommand { WhyCommand.Create() }, arguments, output, errors);
        return (exit, output.ToString(), errors.ToString());
    }

    private FinishedRun Open() => FinishedRun.Open(_fusion.In("run"), Backends.Backends.Open("native", static _ => { }), static _ => { });

    private WhyReport Ask(WhyRequest request, IFuseProgress progress, Action<WhyDocument>? each = null) =>
        WhyAnalysis.Open(Open(), request, Backends.Backends.Open("native", static _ => { }), progress).Run(each, CancellationToken.None);

    private ModelScores Scores(string student) => _outcome.Students.Single(s => s.Student.Name == student).Scores!;

    private static void SameBits(WhyLoss loss, ModelScores scores) => Assert.That(loss.BitsPerByte, Is.EqualTo(DomainScore.Of(scores.Documents).BitsPerByte).Within(1e-5));
}

using System.Text.Json.Nodes;
using PtaKernels.Cli.Verify;
using PtaKernels.Corpus;

namespace PtaKernels.Tests.Cli;

/// <summary><c>pta verify</c> sees one wrong number in any kind of golden file, and says so by its exit status.</summary>
public sealed class VerifyTests
{
    private const int Rows = 3;

    private static readonly Random Numbers = new(20);

    /// <summary>File, and how to damage one row of it by one value.</summary>
    public static IEnumerable<TestCaseData> Damages()
    {
        yield return Case("align.gpt2-spA", "ot", static row => Nudge(Row(row["ot"]!["logits"]!, row), 0, 1.001));
        yield return Case("align.spB-spA", "soft", static row => Nudge(Row(row["soft"]!["logits"]!, row), 0, 1.001));
        yield return Case("align.spA-cl100k", "hard ids", static row => Row(row["hard"]!["indices"]!, row)[0] = 7);
        yield return Case("align.cl100k-spA", "input", static row => Nudge(Row(row["target_logits"]!, row), 0, 0.5));
        yield return Case("dtw", "cost", static row => Add(row, "cost", 1));
        yield return Case("dtw", "matches", static row => Add(row["matches"]!.AsArray()[^1]!.AsArray(), 0, -1));
        yield return Case("dtw", "pairing", static row => Add(row["target_to_source"]![0]!.AsArray(), 0, 1));
        yield return Case("dtw", "pairing cut", static row => row["target_to_source"]!.AsArray().RemoveAt(row["target_to_source"]!.AsArray().Count - 1));
        yield return Case("sinkhorn", "plan", static row => Nudge(row["P"]![0]!.AsArray(), 0, 1 + 1e-9));
        yield return Case("sinkhorn", "iterations", static row => Add(row, "iterations", 1));
        yield return Case("sinkhorn", "distance", static row => Add(row, "dist", 1e-6));
        yield return Case("exact_ot", "optimum", static row => Add(row, "optimum", 1e-4));
        yield return Case("vocab_map", "distance", static row => Add(row, "distance", 1));
        yield return Case("editdistance", "d", static row => Add(row, "d", 1));

        static TestCaseData Case(string file, string what, Action<JsonNode> damage) => new TestCaseData(file, damage).SetArgDisplayNames(file, what);
    }

    [TestCaseSource(nameof(Damages))]
    public void SeesOneWrongNumber(string file, Action<JsonNode> damage)
    {
        string[] lines = [.. GoldenJson.Lines(Path.Combine(Pta.Golden, file + ".jsonl.gz")).Where(IsTypical).Take(Rows)];
        Assert.That(lines, Has.Length.EqualTo(Rows));
        using var folder = new ScratchFolder();
        string path = folder.Write(file + ".jsonl", string.Join('\n', lines));
        Assert.That(Verify(folder.Path), Is.EqualTo((0, $"{Rows} passed, 0 failed")));

        int wrong = Numbers.Next(Rows);
        JsonNode row = JsonNode.Parse(PythonJson.Quote(lines[wrong]))!;
        damage(row);
        lines[wrong] = row.ToJsonString();
        File.WriteAllLines(path, lines);
        PtaRun run = Pta.Run("verify", "--golden", folder.Path, "--vocab", Pta.Vocabularies);
        Assert.That((run.Exit, run.LastLine), Is.EqualTo((1, $"{Rows - 1} passed, 1 failed")));
        Assert.That(run.Errors, Does.StartWith($"{file}.jsonl row {wrong + 1}: "));
    }

    [Test]
    public void SeesOneWrongMapEntry()
    {
        JsonObject map = JsonNode.Parse(ReadGzip(Path.Combine(Pta.Golden, "align_mapping.gpt2-spA.json.gz")))!.AsObject();
        var few = new JsonObject(map.Skip(50).Take(20).Select(static p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())));
        using var folder = new ScratchFolder();
        folder.Write("align_mapping.gpt2-spA.json", few.ToJsonString());
        Assert.That(Verify(folder.Path), Is.EqualTo((0, "20 passed, 0 failed")));
        few[few.First().Key] = "▁wrong";
        folder.Write("align_mapping.gpt2-spA.json", few.ToJsonString());
        Assert.That(Verify(folder.Path), Is.EqualTo((1, "19 passed, 1 failed")));
    }

    [TestCase("{\"a\": \"x\", \"b\": \"y\", \"d\": ")]
    [TestCase("{\"a\": \"x\", \"b\": \"y\"}")]
    [TestCase("{\"a\": \"x\", \"b\": null, \"d\": 1}")]
    [TestCase("{\"a\": 3, \"b\": \"y\", \"d\": 1}")]
    [TestCase("[]")]
    public void MalformedRowFails(string line)
    {
        using var folder = new ScratchFolder();
        folder.Write("editdistance.jsonl", "{\"a\": \"x\", \"b\": \"y\", \"d\": 1}\n" + line + "\n");
        Assert.That(Verify(folder.Path), Is.EqualTo((1, "1 passed, 1 failed")));
    }

    [Test]
    public void FileCutOffFails()
    {
        using var folder = new ScratchFolder();
        byte[] whole = File.ReadAllBytes(Path.Combine(Pta.Golden, "editdistance.jsonl.gz"));
        File.WriteAllBytes(folder["editdistance.jsonl.gz"], whole[..(whole.Length / 2)]);
        folder.Write("dtw.jsonl", "");
        (int exit, string last) = Verify(folder.Path);
        Assert.That((exit, last), Is.EqualTo((1, "0 passed, 2 failed")));
    }

    [Test]
    public void NothingToVerifyIsNoSuccess()
    {
        using var folder = new ScratchFolder();
        folder.Write("notes.txt", "no golden file");
        PtaRun empty = Pta.Run("verify", "--golden", folder.Path), missing = Pta.Run("verify", "--golden", folder["none"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(empty.Exit, Is.EqualTo(2));
            Assert.That(empty.Errors, Does.Contain("holds no golden files"));
            Assert.That(missing.Exit, Is.EqualTo(2));
            Assert.That(missing.Errors, Does.Contain("no such folder"));
        }
    }

    [Test]
    public void SkipsNeedAFlag()
    {
        using var folder = new ScratchFolder();
        folder.Write("vocab_map.jsonl", "{\"source\": \"a\", \"target\": \"b\"}\n{\"source\": \"b\", \"target\": \"a\"}\n");
        PtaRun strict = Pta.Run("verify", "--golden", folder.Path), lenient = Pta.Run("verify", "--golden", folder.Path, "--allow-skips");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((strict.Exit, strict.LastLine), Is.EqualTo((3, "0 passed, 0 failed, 2 skipped")));
            Assert.That(strict.Errors, Does.Contain("--allow-skips"));
            Assert.That((lenient.Exit, lenient.LastLine), Is.EqualTo((0, "0 passed, 0 failed, 2 skipped")));
        }
    }

    [Test]
    public void MissingVocabularySkips()
    {
        using var folder = new ScratchFolder();
        folder.Write("vocab_map.jsonl", GoldenJson.Lines(Path.Combine(Pta.Golden, "vocab_map.jsonl.gz")).First());
        Assert.That(Pta.Run("verify", "--golden", folder.Path).Exit, Is.EqualTo(3));
    }

    [Test]
    public void WritesJson()
    {
        using var folder = new ScratchFolder();
        folder.Write("editdistance.jsonl", "{\"a\": \"x\", \"b\": \"y\", \"d\": 1}\n{\"a\": \"x\", \"b\": \"y\", \"d\": 2}\n");
        PtaRun run = Pta.Run("verify", "--golden", folder.Path, "--json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.EqualTo(1));
            Assert.That(run.Json.GetProperty("failed").GetInt32(), Is.EqualTo(1));
            Assert.That(run.Json.GetProperty("files")[0].GetProperty("file").GetString(), Is.EqualTo("editdistance.jsonl"));
        }
    }

    private static (int Exit, string LastLine) Verify(string folder)
    {
        PtaRun run = Pta.Run("verify", "--golden", folder, "--vocab", Pta.Vocabularies);
        return (run.Exit, run.LastLine);
    }

    /// <summary>Rows that every kind of damage shows in: documents with a transported step, plans of several sweeps, paths of several steps.</summary>
    private static bool IsTypical(string line)
    {
        JsonNode row = JsonNode.Parse(PythonJson.Quote(line))!;
        if (row["step_kind"] is { } kinds)
            return (string?)row["mode"] == "default" && ((string)kinds!).Contains('O', StringComparison.Ordinal);
        if (row["iterations"] is { } iterations)
            return (int)iterations > 2 && (double)row["P"]![0]![0]! > 0.01;
        return row["matches"] is not JsonArray matches || (matches.Count > 3 && row["target_to_source"]!.AsArray().Count > 3);
    }

    /// <summary>The values of the first transported step.</summary>
    private static JsonArray Row(JsonNode rows, JsonNode row) => rows[((string)row["step_kind"]!).IndexOf('O', StringComparison.Ordinal)]!.AsArray();

    private static void Nudge(JsonArray values, int index, double factor) => values[index] = (double)values[index]! * factor;

    private static void Add(JsonNode row, string field, double more) => row[field] = (double)row[field]! + more;

    private static void Add(JsonArray values, int index, int more) => values[index] = (int)values[index]! + more;

    private static string ReadGzip(string path)
    {
        using var stream = new System.IO.Compression.GZipStream(File.OpenRead(path), System.IO.Compression.CompressionMode.Decompress);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

using System.Text.Json;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using PtaKernels.Cli.Verify;
using PtaKernels.Tests.Cli;

namespace PtaKernels.Tests.Corpus.Folders;

/// <summary><c>pta align</c> over dataset folders: the golden outputs, the same numbers as over JSON lines, and every way of taking fewer documents.</summary>
public sealed class FolderRunTests
{
    /// <summary>As the official forward step stores them: halves and 64-bit ids, padded to the model's length.</summary>
    private static readonly FolderLayout Forward = new() { PadTo = 2048, RowsPerBatch = 8, RowsPerShard = 16 };

    private static readonly string[] Vocabularies = ["--target-vocab", Pta.Samples("vocab/spA.json.gz"), "--source-vocab", Pta.Samples("vocab/gpt2.json.gz")];

    private readonly GoldenDocuments _golden = new("gpt2-spA");
    private ScratchFolder _scratch = null!;

    [OneTimeSetUp]
    public void WriteFolders()
    {
        _scratch = new ScratchFolder();
        WriteDict("target", _golden.Targets);
        WriteDict("source", _golden.Sources);
    }

    [OneTimeTearDown]
    public void RemoveFolders() => _scratch.Dispose();

    [Test]
    public void ReferenceGivesTheGoldenOutputsThroughFolders()
    {
        // The map of the golden files is the official one, so the official strings are those of the official run.
        string map = _scratch["map.json"];
        File.WriteAllText(map, string.Concat(GoldenJson.Lines(Path.Combine(Pta.Golden, "align_mapping.gpt2-spA.json.gz"))));
        Align("golden", "--preset", "reference", "--map", map);
        int documents = 0;
        double largest = 0;
        foreach (string split in new[] { "train", "validation" })
        {
            foreach (string file in StoredFolder.Read(_scratch["golden"], split).Files)
            {
                using var reader = new ArrowStreamReader(File.OpenRead(Path.Combine(_scratch["golden"], split, file)));
                while (reader.ReadNextRecordBatch() is { } batch)
                {
                    for (int row = 0; row < batch.Length; row++)
                    {
                        (int[][] indices, double[][] values) = _golden.Expected[documents];
                        ListArray stored = (ListArray)((ListArray)batch.Column("per_step_aligned_logits_0")).GetSlicedValues(row);
                        ListArray tokens = (ListArray)((ListArray)batch.Column("per_step_aligned_indices_0")).GetSlicedValues(row);
                        Assert.That(stored.Length, Is.EqualTo(values.Length));
                        for (int i = 0; i < values.Length; i++)
                        {
                            Assert.That(((Int64Array)tokens.GetSlicedValues(i)).Values.ToArray(), Is.EqualTo(indices[i]), $"document {documents}, row {i}");
                            largest = Math.Max(largest, GoldenJson.Difference(((DoubleArray)stored.GetSlicedValues(i)).Values, values[i]));
                        }

                        Assert.That(((DoubleArray)batch.Column("metric_ce_aligned_0")).GetValue(row), Is.EqualTo(_golden.Sources[documents].MeanCrossEntropy));
                        documents++;
                    }
                }
            }
        }

        Assert.That(documents, Is.EqualTo(_golden.Targets.Count));
        Assert.That(largest, Is.LessThanOrEqualTo(1e-9));
    }

    [TestCase("reference")]
    [TestCase("paper")]
    [TestCase("fusion")]
    public void FoldersAndJsonLinesGiveTheSameNumbers(string preset)
    {
        List<ModelRow> targets = _golden.Targets[..10], sources = _golden.Sources[..10];
        WriteDict("t", targets);
        WriteDict("s", sources);
        WriteLines("t.jsonl", targets);
        WriteLines("s.jsonl", sources);
        foreach ((string target, string source, string output) in new[] { ("t", "s", $"{preset}.folder"), ("t.jsonl", "s.jsonl", $"{preset}.jsonl") })
        {
            PtaRun run = Pta.Run([
                "align", "--preset", preset, "--mass", "renormalised", "--on-error", "quarantine", "--force",
                "--target", _scratch[target], "--source", _scratch[source], "--out", _scratch[output], .. Vocabularies]);
            Assert.That(run.Exit, Is.Zero, run.Errors);
        }

        JsonElement[] lines = [.. File.ReadLines(_scratch[$"{preset}.jsonl"]).Select(static l => JsonDocument.Parse(l).RootElement)];
        List<Dictionary<string, string>> rows = StoredFolder.Read(_scratch[$"{preset}.folder"], "train").Rows;
        string[] columns = preset == "reference" ? ["per_step_aligned_logits_0", "metric_ce_aligned_0"] : ["fused_probs", "fused_missing", "kappa", "source", "fused_indices"];
        Assert.That(rows, Has.Count.EqualTo(lines.Length).And.Not.Empty);
        using (Assert.EnterMultipleScope())
        {
            for (int row = 0; row < rows.Count; row++)
            {
                foreach (string column in columns)
                    Assert.That(rows[row][column], Is.EqualTo(Show(lines[row].GetProperty(column), column is "source" or "fused_indices")), $"row {row}, {column}");
                if (preset != "reference")
                    Assert.That(rows[row]["rules"], Is.EqualTo($"\"{lines[row].GetProperty("rules").GetString()}\""));
            }
        }
    }

    [Test]
    public void LimitTakesTheFirstOfEachSplit()
    {
        PtaRun run = Align("limited", "--preset", "reference", "--limit", "3", "--json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Json.GetProperty("documents").GetInt32(), Is.EqualTo(6));
            Assert.That(Texts("limited", "train"), Is.EqualTo(Texts("target", "train").Take(3)));
            Assert.That(Texts("limited", "validation"), Is.EqualTo(Texts("target", "validation").Take(3)));
        }
    }

    [Test]
    public void SampleTakesTheSameRowsAgainAndMoreOfThemForALargerShare()
    {
        Align("s1", "--preset", "reference", "--sample", "0.3", "--seed", "5");
        Align("s2", "--preset", "reference", "--sample", "0.3", "--seed", "5");
        Align("s3", "--preset", "reference", "--sample", "0.6", "--seed", "5");
        Align("s4", "--preset", "reference", "--sample", "0.3", "--seed", "6");
        string[] all = [.. Texts("target", "train")], taken = [.. Texts("s1", "train")];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(taken, Has.Length.InRange(1, all.Length - 1).And.SubsetOf(all));
            Assert.That(Texts("s2", "train"), Is.EqualTo(taken));
            Assert.That(taken, Is.SubsetOf(Texts("s3", "train")));
            Assert.That(Texts("s4", "train"), Is.Not.EqualTo(taken));
        }
    }

    [Test]
    public void SampleIsNearItsShare()
    {
        var selection = new PtaKernels.Corpus.DocumentSelection { Sample = 0.1, Seed = 3 };
        PtaKernels.Corpus.IDocumentRecord any = new PtaKernels.Corpus.Folders.DatasetFolder(_scratch["target"]).Read("train").First();
        Assert.That(Enumerable.Range(0, 100_000).Count(row => selection.Takes("train", row, any)), Is.EqualTo(10_000).Within(300)); // about three standard deviations
    }

    [Test]
    public void WhereTakesRowsByTheirValue()
    {
        Align("where", "--preset", "reference", "--where", "language=de");
        StoredFolder stored = StoredFolder.Read(_scratch["where"], "train");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(stored.Rows.Select(static r => r["language"]).Distinct(), Is.EqualTo(["\"de\""]));
            Assert.That(stored.Rows, Has.Count.EqualTo(_golden.Targets.Take(24).Count(static r => r.Language == "de")));
            Assert.That(Fail("where", "--force", "--where", "tongue=de"), Does.StartWith($"pta: {_scratch["target/train/data-00000-of-00002.arrow"]}, row 0: has no column tongue; the columns are text, input_ids,"));
            Assert.That(Fail("where", "--force", "--where", "language=fr"), Is.EqualTo($"pta: {_scratch["target"]}: holds no document that was asked for."));
            Assert.That(Fail("where", "--force", "--where", "language"), Is.EqualTo("pta: --where 'language' must be COLUMN=VALUE."));
            Assert.That(Fail("where", "--force", "--sample", "0"), Is.EqualTo("pta: --sample 0 must be a share above 0 and at most 1."));
        }
    }

    [Test]
    public void BadRowsGoToQuarantineAndTheRestIsWritten()
    {
        ModelRow[] rows = [.. _golden.Targets.Take(8)];
        rows[2] = rows[2] with { Ids = [.. rows[2].Ids.Select(static _ => 999_999)] };
        OfficialFolder.WriteDict(_scratch["bad"], Forward, ("train", rows));
        OfficialFolder.WriteDict(_scratch["few"], Forward, ("train", [.. _golden.Sources.Take(8)]));
        string[] inputs = ["align", "--preset", "reference", "--target", _scratch["bad"], "--source", _scratch["few"], "--out", _scratch["rest"], .. Vocabularies];
        PtaRun stopped = Pta.Run(inputs);
        bool existed = Directory.Exists(_scratch["rest"]);
        PtaRun run = Pta.Run([.. inputs, "--on-error", "quarantine", "--json"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(stopped.Errors, Does.StartWith($"pta: {_scratch["bad/train/data-00000-of-00001.arrow"]}, row 2: document train/2: row 0: target id 999999 has no token in spA"));
            Assert.That(existed, Is.False);
            Assert.That(run.Exit, Is.Zero, run.Errors);
            Assert.That(run.Json.GetProperty("documents").GetInt32(), Is.EqualTo(7));
            JsonElement line = JsonDocument.Parse(File.ReadAllText(_scratch["rest.quarantine.jsonl"])).RootElement;
            Assert.That(line.GetProperty("row").GetString(), Is.EqualTo("train/2"));
            Assert.That(line.GetProperty("target").GetString(), Is.EqualTo($"{_scratch["bad/train/data-00000-of-00001.arrow"]}, row 2"));
            Assert.That(StoredFolder.Read(_scratch["rest"], "train").Rows, Has.Count.EqualTo(7));
        }
    }

    [Test]
    public void FoldersThatDoNotBelongTogetherAreRefusedBeforeAnyWork()
    {
        OfficialFolder.WriteDict(_scratch["short"], Forward, ("train", [.. _golden.Sources.Take(23)]), ("validation", [.. _golden.Sources.Skip(24)]));
        OfficialFolder.WriteDict(_scratch["other"], Forward, ("train", [.. _golden.Sources.Take(3)]));
        WriteLines("one.jsonl", _golden.Sources);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(FailWith("short"), Is.EqualTo($"pta: {_scratch["short"]}: 23 rows in split train, but {_scratch["target"]} has 24; give the same documents in every folder."));
            Assert.That(FailWith("other"), Is.EqualTo($"pta: {_scratch["other"]}: has the splits train, but {_scratch["target"]} has train, validation; give the same splits in every folder."));
            Assert.That(FailWith("one.jsonl"), Is.EqualTo($"pta: {_scratch["one.jsonl"]}: is a JSON-lines file, but the target {_scratch["target"]} is a dataset folder; give all models' documents in one form."));
            Assert.That(FailWith("nowhere"), Is.EqualTo($"pta: {_scratch["nowhere"]}: no such file or folder."));
            Assert.That(Directory.EnumerateFileSystemEntries(_scratch.Path, "refused*"), Is.Empty);
        }

        string FailWith(string source) => Pta.Run(["align", "--target", _scratch["target"], "--source", _scratch[source], "--out", _scratch["refused"], .. Vocabularies]).Errors.TrimEnd();
    }

    [Test]
    public void InspectShowsARowOfAFolder()
    {
        PtaRun run = Pta.Run(["inspect", "--target", _scratch["target"], "--source", _scratch["source"], "--document", "validation/1", "--preset", "paper", .. Vocabularies]);
        Assert.That(run.Exit, Is.Zero, run.Errors);
        Assert.That(run.Output, Does.StartWith("Document validation/1: "));
    }

    private void WriteDict(string name, List<ModelRow> rows) =>
        OfficialFolder.WriteDict(_scratch[name], Forward, ("train", [.. rows.Take(24)]), ("validation", [.. rows.Skip(24)]));

    private void WriteLines(string name, List<ModelRow> rows) => File.WriteAllLines(_scratch[name], rows.Select(static (row, i) => JsonSerializer.Serialize(new
    {
        input_ids = row.Ids,
        per_step_logits = row.Logits,
        per_step_indices = row.Indices,
        metric_ce = row.MeanCrossEntropy,
    })));

    private PtaRun Align(string output, params string[] more)
    {
        PtaRun run = Pta.Run(["align", "--target", _scratch["target"], "--source", _scratch["source"], "--out", _scratch[output], "--force", .. Vocabularies, .. more]);
        Assert.That(run.Exit, Is.Zero, run.Errors);
        return run;
    }

    private string Fail(string output, params string[] more) =>
        Pta.Run(["align", "--target", _scratch["target"], "--source", _scratch["source"], "--out", _scratch[output], .. Vocabularies, .. more]).Errors.TrimEnd();

    /// <summary>What names the rows of a folder: their ids.</summary>
    private IEnumerable<string> Texts(string folder, string split) => StoredFolder.Read(_scratch[folder], split).Rows.Select(static r => r["input_ids"]);

    private static string Show(JsonElement value, bool integers) => value.ValueKind switch
    {
        JsonValueKind.Array => "[" + string.Join(",", value.EnumerateArray().Select(v => Show(v, integers))) + "]",
        _ when integers => value.GetInt64().ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => $"d{BitConverter.DoubleToUInt64Bits(GoldenJson.Number(value)):X16}",
    };
}

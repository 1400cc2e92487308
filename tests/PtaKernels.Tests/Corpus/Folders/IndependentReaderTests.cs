using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Export;
using PtaKernels.Tests.Cli;

namespace PtaKernels.Tests.Corpus.Folders;

/// <summary>Apache Arrow for JavaScript reads what we write: counts, types and values.</summary>
[NUnit.Framework.Category("Long")]
public sealed class IndependentReaderTests
{
    private const string Package = "apache-arrow@21.2.0";

    [Test]
    public void JavaScriptReadsTheAlignedFolder()
    {
        string modules = Install();
        using var scratch = new ScratchFolder();
        ModelRow[] rows = [.. new GoldenDocuments("gpt2-spA").Targets];
        var golden = new GoldenDocuments("gpt2-spA");
        var layout = new FolderLayout { PadTo = 2048, RowsPerShard = 20 };
        OfficialFolder.WriteDict(scratch["target"], layout, ("train", rows), ("test", []));
        OfficialFolder.WriteDict(scratch["source"], layout, ("train", [.. golden.Sources]), ("test", []));
        PtaRun run = Pta.Run([
            "align", "--preset", "reference", "--target", scratch["target"], "--source", scratch["source"], "--out", scratch["out"],
            "--target-vocab", Pta.Samples("vocab/spA.json.gz"), "--source-vocab", Pta.Samples("vocab/gpt2.json.gz")]);
        Assert.That(run.Exit, Is.Zero, run.Errors);

        JsonElement train = ReadWithNode(modules, scratch["out/train"]), test = ReadWithNode(modules, scratch["out/test"]);
        TokenizedDocument document = DocumentFiles.Read(scratch["target"]).First();
        JsonElement types = train.GetProperty("types"), first = train.GetProperty("first");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(train.GetProperty("rows").GetInt32(), Is.EqualTo(rows.Length));
            Assert.That(train.GetProperty("batches").GetInt32(), Is.EqualTo(1));
            Assert.That(test.GetProperty("rows").GetInt32(), Is.Zero);
            Assert.That(types.GetProperty("input_ids").GetString(), Is.EqualTo("List<Int32>"));
            Assert.That(types.GetProperty("per_step_logits").GetString(), Is.EqualTo("List<List<Float16>>"));
            Assert.That(types.GetProperty("per_step_indices").GetString(), Is.EqualTo("List<List<Int64>>"));
            Assert.That(types.GetProperty("metric_ce").GetString(), Is.EqualTo("Float16"));
            Assert.That(types.GetProperty("per_step_aligned_logits_0").GetString(), Is.EqualTo("List<List<Float64>>"));
            Assert.That(types.GetProperty("per_step_aligned_indices_0").GetString(), Is.EqualTo("List<List<Int64>>"));
            Assert.That(types.GetProperty("metric_ce_aligned_0").GetString(), Is.EqualTo("Float64"));
            Assert.That(types.TryGetProperty("text", out _), Is.False);
            Assert.That(first.GetProperty("input_ids").EnumerateArray().Select(static v => v.GetInt32()), Is.EqualTo(document.Ids));
            Assert.That(Flat(first.GetProperty("per_step_logits")), Is.EqualTo(document.Candidates.Values));
            Assert.That(Flat(first.GetProperty("per_step_indices")), Is.EqualTo(document.Candidates.Indices.Select(static i => (double)i)));
            Assert.That(Flat(first.GetProperty("per_step_aligned_indices_0")), Is.EqualTo(golden.Expected[0].Indices.SelectMany(static r => r).Select(static i => (double)i)));
            Assert.That(Flat(first.GetProperty("per_step_aligned_logits_0")), Is.EqualTo(golden.Expected[0].Values.SelectMany(static r => r)).Within(1e-9));
        }
    }

    [Test]
    public void JavaScriptReadsTheExportedFolder()
    {
        string modules = Install();
        using var scratch = new ScratchFolder();
        string lines = scratch.Write("x.jsonl", """{"id": "a", "input_ids": [3, 4], "per_step_logits": [[1, 0.5], [2, -2]], "per_step_indices": [[3, 9], [1, 2]], "byte_offsets": [[0, 1], [1, 4]], "metric_ce": 0.1}""");
        new TeacherExport { Input = DocumentFiles.Open(lines), OutputPath = scratch["out"] }.Run(default);
        JsonElement read = ReadWithNode(modules, scratch["out"]), types = read.GetProperty("types"), first = read.GetProperty("first");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(types.EnumerateObject().Select(static t => $"{t.Name} {t.Value.GetString()}"), Is.EqualTo(new[]
            {
                "id Utf8", "input_ids List<Int32>", "attention_mask List<Int8>", "labels List<Int64>", "per_step_logits List<List<Float16>>", "per_step_indices List<List<Int64>>",
                "metric_ce Float64", "byte_offsets List<List<Int32>>",
            }));
            Assert.That(first.GetProperty("id").GetString(), Is.EqualTo("a"));
            Assert.That(first.GetProperty("labels").EnumerateArray().Select(static v => v.GetInt32()), Is.EqualTo(new[] { 3, 4 }));
            Assert.That(Flat(first.GetProperty("per_step_logits")), Is.EqualTo(new[] { 1, 0.5, 2, -2 }));
            Assert.That(Flat(first.GetProperty("byte_offsets")), Is.EqualTo(new double[] { 0, 1, 1, 4 }));
            Assert.That(first.GetProperty("metric_ce").GetDouble(), Is.EqualTo(0.1));
        }
    }

    [Test]
    public void JavaScriptReadsAStore()
    {
        string modules = Install();
        using var scratch = new ScratchFolder();
        foreach (string model in new[] { "spA", "gpt2" })
            Assert.That(Pta.Run("store", "import", Pta.Samples($"{model}.jsonl.gz"), "--vocab", Pta.Samples($"vocab/{model}.json.gz"), "--out", scratch[model], "--shard-tokens", "1000").Exit, Is.Zero);
        PtaRun run = Pta.Run([
            "align", "--preset", "reference", "--target", scratch["spA"], "--source", scratch["gpt2"], "--out", scratch["out"],
            "--target-vocab", Pta.Samples("vocab/spA.json.gz"), "--source-vocab", Pta.Samples("vocab/gpt2.json.gz")]);
        Assert.That(run.Exit, Is.Zero, run.Errors);
        TokenizedDocument document = DocumentFiles.Read(Pta.Samples("spA.jsonl.gz")).First();
        JsonElement teacher = ReadWithNode(modules, scratch["spA"]), first = teacher.GetProperty("first"), aligned = ReadWithNode(modules, scratch["out"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(teacher.GetProperty("rows").GetInt32(), Is.EqualTo(35));
            Assert.That(teacher.GetProperty("types").GetProperty("values").GetString(), Is.EqualTo("List<Float16>"));
            Assert.That(teacher.GetProperty("types").GetProperty("candidates").GetString(), Is.EqualTo("List<Uint16>"));
            Assert.That(first.GetProperty("id").GetString(), Is.EqualTo(document.Id));
            Assert.That(first.GetProperty("input_ids").EnumerateArray().Select(static v => v.GetInt32()), Is.EqualTo(document.Ids));
            Assert.That(first.GetProperty("candidates").EnumerateArray().Select(static v => v.GetInt32()), Is.EqualTo(document.Candidates.Indices));
            Assert.That(first.GetProperty("values").EnumerateArray().Select(static v => v.GetDouble()), Is.EqualTo(document.Candidates.Values), "the samples' values are float16");
            Assert.That(aligned.GetProperty("rows").GetInt32(), Is.EqualTo(35));
            Assert.That(aligned.GetProperty("first").GetProperty("provenance_0").GetArrayLength(), Is.EqualTo(document.Length));
            Assert.That(aligned.GetProperty("first").GetProperty("counts_0").EnumerateArray().Sum(static v => v.GetInt32()), Is.EqualTo(aligned.GetProperty("first").GetProperty("tokens_0").GetArrayLength()));
        }
    }

    private static double[] Flat(JsonElement rows) => [.. rows.EnumerateArray().SelectMany(static r => r.EnumerateArray().Select(static v => v.GetDouble()))];

    private static JsonElement ReadWithNode(string modules, string folder)
    {
        (int exit, string output, string errors) = Start("node", modules, Repository.PathOf("tests", "independent", "read-dataset.cjs"), folder);
        Assert.That(exit, Is.Zero, errors);
        return JsonDocument.Parse(output).RootElement;
    }

    /// <summary>The folder of installed packages; without npm or a package source, the test cannot run.</summary>
    private static string Install()
    {
        string folder = Repository.PathOf("artifacts", "independent"), modules = Path.Combine(folder, "node_modules");
        if (Directory.Exists(Path.Combine(modules, "apache-arrow")))
            return modules;
        Directory.CreateDirectory(folder);
        try
        {
            (int exit, _, string errors) = Start("npm", "", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", Package);
            if (exit != 0)
                Assert.Ignore($"npm could not install {Package}: {errors.Trim()}");
        }
        catch (Win32Exception)
        {
            Assert.Ignore("npm is not installed here, so no independent reader can be had.");
        }

        return modules;
    }

    private static (int Exit, string Output, string Errors) Start(string program, string modules, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["NODE_PATH"] = modules;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }
}

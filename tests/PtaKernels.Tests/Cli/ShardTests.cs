using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using PtaKernels.Corpus.Stores;
using PtaKernels.Tests.Corpus.Stores;

namespace PtaKernels.Tests.Cli;

/// <summary>Runs over parts of a corpus, and what <c>pta gather</c> makes of them.</summary>
[NonParallelizable] // one test sets variables of the environment
public sealed class ShardTests
{
    private const int Shards = 5;
    private const int SigKill = 9, SigContinue = 18, SigStop = 19;

    private AlignFiles _files = null!;

    [SetUp]
    public void MakeFiles()
    {
        _files = new AlignFiles(seed: 8, documents: 150);
        // Another document there: set aside, one at the end of a part.
        foreach (int bad in new[] { 59, 70, 71 })
            _files.Documents.Sources[bad][0].Id = "another";
        _files.Arguments(); // writes the documents
        Import("t", _files.Documents.TargetPath, "t.vocab.json");
        Import("s", _files.Documents.SourcePath(0), "s0.vocab.json");
    }

    [TearDown]
    public void RemoveFiles() => _files.Dispose();

    [TestCase("--preset", "paper")]
    [TestCase("--preset", "fusion", "--sample", "0.4", "--seed", "3")]
    [TestCase("--preset", "reference", "--window", "4", "--zstd")]
    public void PartsBecomeWhatASingleRunWrites(params string[] options)
    {
        Succeed(Align("whole", options));
        AlignShards("out", options);
        string whole = Succeed("gather", At("out"), "--shards", "5", "--check").Errors;
        Assert.That(whole, Does.Contain("all 5 shards are whole"));
        Succeed("gather", At("out"), "--shards", "5", "--report", At("gathered.json"));
        Succeed([.. Align("again", options), "--report", At("single.json")]);
        StoreReader one = new(At("whole")), all = new(At("out"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(FilesOf("out"), Is.EqualTo(FilesOf("whole")));
            Assert.That(File.ReadLines(Path.Combine(At("out"), "manifest.jsonl")).First(), Is.EqualTo(File.ReadLines(Path.Combine(At("whole"), "manifest.jsonl")).First()), "the header");
            Assert.That(all.Totals, Is.EqualTo(one.Totals));
            Assert.That(one.Shards, Has.Count.GreaterThan(1));
            Assert.That(all.Shards.Select(static s => s with { Counts = null }), Is.EqualTo(one.Shards.Select(static s => s with { Counts = null })));
            Assert.That(CountsIn(At("gathered.json")), Is.EqualTo(CountsIn(At("single.json"))), "the report");
            Assert.That(Succeed("store", "check", At("out"), "--documents").Output, Does.Contain("whole"));
        }

        // What the manifest names makes a lost shard again.
        File.Delete(Path.Combine(At("out"), "shard-000001.arrow"));
        Succeed("store", "repair", At("out"));
        Assert.That(FilesOf("out"), Is.EqualTo(FilesOf("whole")));
        Assert.That(Succeed("gather", At("out"), "--shards", "5").Errors, Does.Contain("gathered already"));
    }

    [Test]
    public void WhatIsMissingOrDamagedIsNamedAndMadeAgain()
    {
        AlignShards("out");
        SortedDictionary<string, string> third = FilesOf(PartOf("out", 3));
        Directory.Delete(At(PartOf("out", 1)), recursive: true);
        string shard = Path.Combine(At(PartOf("out", 3)), "shard-000000.arrow");
        byte[] bytes = File.ReadAllBytes(shard);
        bytes[^200] ^= 1;
        File.WriteAllBytes(shard, bytes);
        PtaRun look = Pta.Run("gather", At("out"), "--shards", "5", "--check");
        Assert.That((look.Exit, look.Output, Directory.Exists(At(PartOf("out", 3)))), Is.EqualTo((1, "1,3\n", true)), "a look moves nothing");
        PtaRun run = Pta.Run("gather", At("out"), "--shards", "5");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((run.Exit, run.Output), Is.EqualTo((1, "1,3\n")));
            Assert.That(run.Errors, Does.Contain($"{At(PartOf("out", 1))}: is missing.").And.Contain("shard-000000.arrow is damaged: its SHA-256 is not the manifest's; it is out-00003-of-00005.damaged now."));
            Assert.That(Directory.Exists(At("out")), Is.False);
        }

        PtaRun json = Pta.Run("gather", At("out"), "--shards", "5", "--check", "--json");
        Assert.That((json.Exit, json.Json.GetProperty("array").GetString(), json.Json.GetProperty("lacking").GetArrayLength()), Is.EqualTo((1, "1,3", 2)));
        Succeed([.. Align("out"), "--shards", "5", "--shard", "1"]);
        Succeed([.. Align("out"), "--shards", "5", "--shard", "3"]);
        Assert.That(FilesOf(PartOf("out", 3)), Is.EqualTo(third));
        Succeed(Align("whole"));
        Succeed("gather", At("out"), "--shards", "5");
        Assert.That(FilesOf("out"), Is.EqualTo(FilesOf("whole")));
    }

    [Test]
    public void PartsOfOtherRunsAreRefused()
    {
        AlignShards("out");
        Directory.Delete(At(PartOf("out", 2)), recursive: true);
        Succeed([.. Align("out", "--preset", "fusion"), "--shards", "5", "--shard", "2"]);
        Refuses($"{At(PartOf("out", 2))}: is of another run than {At(PartOf("out", 0))} (", "gather", At("out"), "--shards", "5");
        Directory.Delete(At(PartOf("out", 2)), recursive: true);
        Directory.Move(At(PartOf("out", 1)), At(PartOf("out", 2)));
        Refuses($"{At(PartOf("out", 2))}: was not made as this part (--shards 5 --shard 1);", "gather", At("out"), "--shards", "5");
        Refuses("--shards is 0; it must be 1..99999.", "gather", At("out"), "--shards", "0");
        Assert.That(Pta.Run("gather", At("nothing"), "--shards", "2").Output, Is.EqualTo("0,1\n"));
    }

    [Test]
    public void TheIndexComesFromTheOptionOrTheTask()
    {
        Refuses("--shards is 5, and nothing says which one this is: give --shard 0..4", [.. Align("out"), "--shards", "5"]);
        Refuses("--shard is 5, and --shards 5 has the shards 0..4.", [.. Align("out"), "--shards", "5", "--shard", "5"]);
        Refuses("--shard is 1, and --shards does not say of how many", [.. Align("out"), "--shard", "1"]);
        Refuses("--shards is 0; it must be 1..99999.", [.. Align("out"), "--shards", "0", "--shard", "0"]);
        Refuses($"{At("t")}: has 150 documents, and --shards asks for 151 parts of them", [.. Align("out"), "--shards", "151", "--shard", "0"]);
        Refuses("--limit counts documents of the whole corpus", [.. Align("out"), "--shards", "5", "--shard", "0", "--limit", "10"]);
        Refuses("is no store, and only stores are aligned in shards", [.. _files.Command("--preset", "paper"), "--shards", "5", "--shard", "0"]);
        foreach ((string variable, string value, string? refusal) in new[] { ("SLURM_ARRAY_TASK_ID", "2", null), ("JOB_COMPLETION_INDEX", "3", null), ("SLURM_ARRAY_TASK_ID", "7", "SLURM_ARRAY_TASK_ID is 7, and --shards 5 has the shards 0..4."), ("SLURM_ARRAY_TASK_ID", "x", "SLURM_ARRAY_TASK_ID is 'x', which is no number; give --shard.") })
        {
            Environment.SetEnvironmentVariable(variable, value);
            try
            {
                if (refusal is null)
                    Succeed([.. Align("out"), "--shards=5"]);
                else
                    Refuses(refusal, [.. Align("out"), "--shards", "5"]);
            }
            finally
            {
                Environment.SetEnvironmentVariable(variable, null);
            }
        }

        Assert.That(Directory.Exists(At(PartOf("out", 2))) && Directory.Exists(At(PartOf("out", 3))));
        Assert.That(Succeed([.. Align("out"), "--shards", "5", "--shard", "3"]).Output, Is.EqualTo($"{At(PartOf("out", 3))}: finished already.\n"));
        Assert.That(Pta.Run([.. Align("out", "--preset", "fusion"), "--shards", "5", "--shard", "3"]).Errors, Does.Contain("exists already"), "of another command");
    }

    [Test]
    public void SeveralSourcesAreOrderedOnceForAllShards()
    {
        using var files = new AlignFiles(seed: 4, documents: 40, sources: 2);
        files.Arguments();
        foreach ((string name, string path, string vocabulary) in new[] { ("t", files.Documents.TargetPath, "t.vocab.json"), ("a", files.Documents.SourcePath(0), "s0.vocab.json"), ("b", files.Documents.SourcePath(1), "s1.vocab.json") })
            Succeed("store", "import", path, "--vocab", files.Folder[vocabulary], "--out", files.Folder[name], "--value-kind", "raw-logit");
        string[] align =
        [
            "align", "--preset", "paper", "--target", files.Folder["t"], "--target-vocab", files.Folder["t.vocab.json"], "--source", files.Folder["a"], "--source-vocab", files.Folder["s0.vocab.json"],
            "--source", files.Folder["b"], "--source-vocab", files.Folder["s1.vocab.json"], "--out", files.Folder["out"],
        ];
        Refuses("--shards and several sources need --source-order, because their order depends on all documents: run this command once with --source-order-only", [.. align, "--shards", "2", "--shard", "0"]);
        string order = Succeed([.. align, "--source-order-only"]).Output.TrimEnd();
        Assert.That(order, Is.AnyOf("1,2", "2,1"));
        Assert.That(Directory.Exists(files.Folder["out"]), Is.False);
        Assert.That(Succeed([.. align, "--source-order-only", "--json"]).Json.GetProperty("source_order").GetString(), Is.EqualTo(order));
        Succeed([.. align, "--shards", "2", "--shard", "0", "--source-order", order]);
        Succeed([.. align, "--shards", "2", "--shard", "1", "--source-order", order]);
        Succeed("gather", files.Folder["out"], "--shards", "2");
        Succeed([.. align[..^1], files.Folder["whole"], "--source-order", order]);
        Assert.That(ContentOf(files.Folder["out"]), Is.EqualTo(ContentOf(files.Folder["whole"])));
    }

    [Test]
    public void PackedPartsAreTheSameFilesInOneDataset()
    {
        Succeed(Align("aligned"));
        for (int shard = 0; shard < 3; shard++)
            Succeed("pack", "--in", At("aligned"), "--out", At("packed"), "--length", "16", "--shards", "3", "--shard", $"{shard}");
        Assert.That(Succeed("pack", "--in", At("aligned"), "--out", At("packed"), "--length", "16", "--shards", "3", "--shard", "1").Output, Does.Contain("finished already"));
        Succeed("pack", "--in", At("aligned"), "--out", At("single"), "--length", "16");
        PtaRun run = Succeed("gather", At("packed"), "--shards", "3", "--json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Json.GetProperty("sums").GetProperty("Documents").GetDouble(), Is.EqualTo(147));
            for (int shard = 0; shard < 3; shard++)
                Assert.That(File.ReadAllBytes(Path.Combine(At("packed"), $"data-{shard:D5}-of-00003.arrow")), Is.EqualTo(File.ReadAllBytes(Path.Combine(At($"packed-{shard:D5}-of-00003"), "data-00000-of-00001.arrow"))));
            Assert.That(Succeed("gather", At("packed"), "--shards", "3").Errors, Does.Contain("gathered already"));
            Assert.That(_files.Folder.Names.Where(static n => n.Contains("partial")), Is.Empty);
        }

        File.Delete(Path.Combine(At("packed-00002-of-00003"), "data-00000-of-00001.arrow"));
        Assert.That(Pta.Run("gather", At("packed"), "--shards", "3").Output, Is.EqualTo("2\n"));
    }

    /// <summary>How the first of two runs of one shard is stopped.</summary>
    public enum Stop
    {
        /// <summary>It is killed.</summary>
        Kill,

        /// <summary>It sleeps on a node that was given up: its locks are gone, and when it wakes up, another run has made the shard.</summary>
        Sleep,

        /// <summary>It sleeps and holds its locks: the second run has to leave it the shard.</summary>
        SleepWithLocks,
    }

    [Test]
    public void OneOfTwoRunsMakesAShard([Values] Stop stop)
    {
        _files.Dispose();
        _files = new AlignFiles(seed: 5, documents: 3000);
        _files.Arguments();
        Import("t", _files.Documents.TargetPath, "t.vocab.json");
        Import("s", _files.Documents.SourcePath(0), "s0.vocab.json");
        Succeed(Align("whole", "--backend", "reference"));
        string[] arguments = [.. Align("out", "--backend", "reference", "--workers", "1"), "--shards", "2", "--shard", "0"];
        string partial = At("out-00000-of-00002.partial");
        using (Process first = Start(arguments, locks: stop != Stop.Sleep))
        {
            bool written = false;
            for (int step = 0; step < 20_000 && !written && !first.WaitForExit(1); step++)
                written = File.Exists(Path.Combine(partial, "shard-000001.arrow")); // the one before it is in the manifest by now
            Assert.That((written, Signal(first, stop == Stop.Kill ? SigKill : SigStop)), Is.EqualTo((true, 0)), "it must be stopped while it writes");
            if (stop == Stop.Kill)
                first.WaitForExit();
            if (stop == Stop.SleepWithLocks)
                Refuses("another run is writing there", arguments);
            else
                Assert.That(Succeed(arguments).Errors, Does.Contain("going on after"));
            if (stop != Stop.Kill)
            {
                Assert.That(Signal(first, SigContinue), Is.Zero);
                Assert.That(first.WaitForExit(TimeSpan.FromMinutes(2)), "it must end");
                Assert.That(first.ExitCode, Is.Zero, "the shard is there");
            }
        }

        Succeed([.. arguments[..^1], "1"]);
        Succeed("gather", At("out"), "--shards", "2");
        Assert.That(FilesOf("out"), Is.EqualTo(FilesOf("whole")));
        Assert.That(_files.Folder.Names.Where(static n => n.Contains("partial")), Is.Empty);
    }

    private static string PartOf(string name, int shard) => $"{name}-{shard:D5}-of-{Shards:D5}";

    private string At(string name) => _files.Folder[name];

    private void Import(string name, string path, string vocabulary) =>
        Succeed("store", "import", path, "--vocab", _files.Folder[vocabulary], "--out", At(name), "--value-kind", "raw-logit", "--shard-tokens", "200", "--ids", "u32");

    private string[] Align(string name, params string[] options) =>
    [
        "align", "--target", At("t"), "--target-vocab", _files.Folder["t.vocab.json"], "--source", At("s"), "--source-vocab", _files.Folder["s0.vocab.json"], "--out", At(name), "--shard-tokens", "150",
        "--on-error", "quarantine", .. options.Contains("--preset") ? options : ["--preset", "paper", .. options],
    ];

    private void AlignShards(string name, params string[] options)
    {
        for (int shard = 0; shard < Shards; shard++)
            Succeed([.. Align(name, options), "--shards", $"{Shards}", "--shard", $"{shard}"]);
    }

    private SortedDictionary<string, string> FilesOf(string name) => ContentOf(At(name));

    /// <summary>The bytes of all files but the manifest, whose counts lie with the parts' shards.</summary>
    private static SortedDictionary<string, string> ContentOf(string folder)
    {
        SortedDictionary<string, string> files = StoreDocuments.BytesOf(folder);
        files.Remove("manifest.jsonl");
        return files;
    }

    /// <summary>What a report counts; sums of doubles to nine digits.</summary>
    private static string CountsIn(string report)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(report));
        JsonElement root = json.RootElement;
        IEnumerable<string> numbers = root.GetProperty("sources").EnumerateArray().SelectMany(static s => s.EnumerateObject()).Where(static p => p.Name != "seconds").Select(Show);
        return string.Join('\n', [.. root.EnumerateObject().Where(static p => p.Name is "documents" or "quarantined" or "target_tokens" or "switches" or "source_order").Select(Show), .. numbers]);

        static string Show(JsonProperty property) => property.Name == "signal_kept" && property.Value.ValueKind == JsonValueKind.Number
            ? $"{property.Name} {property.Value.GetDouble():F9}"
            : property.Name == "gold" ? $"gold {property.Value.GetProperty("rows")} {property.Value.GetProperty("fused_hits")} {property.Value.GetProperty("target_hits")}" : property.ToString();
    }

    private static PtaRun Succeed(params string[] arguments)
    {
        PtaRun run = Pta.Run(arguments);
        Assert.That(run.Exit, Is.Zero, run.Errors);
        return run;
    }

    private static void Refuses(string sentence, params string[] arguments)
    {
        PtaRun run = Pta.Run(arguments);
        Assert.That(run.Exit, Is.EqualTo(1), run.Output);
        Assert.That(run.Errors, Does.Contain(sentence));
        Assert.That(run.Errors.TrimEnd('\n').Split('\n').Count(static l => l.StartsWith("pta:", StringComparison.Ordinal)), Is.EqualTo(1), "one sentence");
    }

    private static Process Start(string[] arguments, bool locks)
    {
        string host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
        var start = new ProcessStartInfo(host, [Path.Combine(AppContext.BaseDirectory, "pta.dll"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (!locks)
            start.Environment["DOTNET_SYSTEM_IO_DISABLEFILELOCKING"] = "1";
        Process process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static int Signal(Process process, int signal) => process.HasExited ? -1 : Kill(process.Id, signal);

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}

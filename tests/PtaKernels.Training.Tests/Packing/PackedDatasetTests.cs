using System.Text.Json;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Training.Tests.Packing;

/// <summary>From aligned files to packed folders and back.</summary>
public sealed class PackedDatasetTests
{
    private const string SampleDocuments = "12";

    [Test]
    public void JsonLinesBecomeTheSequencesOfThePacker()
    {
        using var scratch = new ScratchFolder();
        AlignedTokens[] documents = DrawnDocuments.Draw(1, 80, 30);
        scratch.Write("aligned.jsonl", DrawnDocuments.Lines(documents));
        PackingReport report = Run(scratch["aligned.jsonl"], scratch["packed"], 64);
        var packer = new SequencePacker(64);
        PackedSequence[] expected = [.. documents.SelectMany(packer.Add), .. packer.Finish()];
        var packed = PackedDataset.Open(scratch["packed"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Enumerable.Range(0, packed.Count).Select(i => Text(packed[i])), Is.EqualTo(expected.Select(Text)));
            Assert.That((report.Documents, report.Sequences, report.Positions), Is.EqualTo((80L, (long)packed.Count, (long)documents.Sum(static d => d.Ids.Length))));
            Assert.That(report.Labelled, Is.EqualTo(documents.Sum(static d => d.Ids.Length - 1)));
            Assert.That(scratch.Entries, Is.EqualTo(new[] { "aligned.jsonl", "packed" }));
        }
    }

    [Test]
    public void ShardsAndThreadsChangeNothing()
    {
        using var scratch = new ScratchFolder();
        var packer = new SequencePacker(16);
        PackedSequence[] expected = [.. DrawnDocuments.Draw(2, 1500, 30).SelectMany(packer.Add), .. packer.Finish()];
        using (var writer = new PackedWriter(scratch["packed"], "train", maxShard: 100_000))
        {
            foreach (PackedSequence sequence in expected)
                writer.Write(sequence);
            writer.Finish();
        }

        Assert.That(Directory.GetFiles(scratch["packed"], "data-*.arrow"), Has.Length.GreaterThan(1));
        var packed = PackedDataset.Open(scratch["packed"]);
        string[] read = new string[packed.Count];
        Parallel.For(0, read.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i => read[read.Length - 1 - i] = Text(packed[read.Length - 1 - i]));
        Assert.That(read, Is.EqualTo(expected.Select(Text)));
        Assert.That(() => packed[packed.Count], Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void AlignedFilesAndFoldersPackAlike([Values("fusion", "reference")] string preset)
    {
        using var scratch = new ScratchFolder();
        foreach ((string name, string file) in new[] { ("target", "samples/spA.jsonl.gz"), ("source", "samples/gpt2.jsonl.gz") })
        {
            // The samples have no cross-entropies, which the official packing needs.
            scratch.Write(name + ".jsonl", string.Join('\n', PtaKernels.Corpus.JsonLines.ReadLines(Pta.File(file)).Take(15).Select(static l => "{\"metric_ce\": 3, " + l.Text[1..])));
            WriteFolder(scratch[name + ".jsonl"], scratch[name]);
        }

        string[] vocabularies = ["--target-vocab", Pta.File("samples/vocab/spA.json.gz"), "--source-vocab", Pta.File("samples/vocab/gpt2.json.gz"), "--preset", preset, "--limit", SampleDocuments];
        if (preset == "fusion")
            vocabularies = [.. vocabularies, "--mass", "renormalised"];
        Require(["align", "--target", scratch["target.jsonl"], "--source", scratch["source.jsonl"], "--out", scratch["lines.jsonl"], .. vocabularies]);
        Require(["align", "--target", scratch["target"], "--source", scratch["source"], "--out", scratch["folder"], .. vocabularies]);
        Require(["pack", "--in", scratch["lines.jsonl"], "--out", scratch["packed-lines"], "--length", "100", "--preset", preset]);
        Require(["pack", "--in", scratch["folder"], "--out", scratch["packed-folder"], "--length", "100", "--preset", preset]);
        PackedDataset lines = PackedDataset.Open(scratch["packed-lines"]), folder = PackedDataset.Open(scratch["packed-folder"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(lines.Official, Is.EqualTo(preset == "reference"));
            Assert.That(lines.Count, Is.EqualTo(folder.Count).And.GreaterThan(1));
            Assert.That(Enumerable.Range(0, lines.Count).Select(i => Text(lines[i] with { Documents = [] })), Is.EqualTo(Enumerable.Range(0, folder.Count).Select(i => Text(folder[i] with { Documents = [] }))));
            Assert.That(Enumerable.Range(0, lines.Count).Sum(i => lines[i].Rows.Taught), Is.GreaterThan(lines[0].Length));
        }

        for (int i = 0; i < lines.Count; i++)
            lines[i].Rows.Require(32000);
    }

    [Test]
    public void SplitsArePackedEachForItself()
    {
        using var scratch = new ScratchFolder();
        foreach ((string split, int count) in new[] { ("train", 5), ("validation", 3) })
            WriteFolder(Pta.File("samples/spA.jsonl.gz"), Path.Combine(scratch["in"], split), count, aligned: true);
        DatasetFiles.WriteDict(scratch["in"], ["train", "validation"]);
        Require(["pack", "--preset", "reference", "--in", scratch["in"], "--out", scratch["packed"], "--length", "50"]);
        Assert.That(PackedDataset.Open(scratch["packed"]).Count, Is.GreaterThan(PackedDataset.Open(scratch["packed"], "validation").Count));
        Assert.That(() => PackedDataset.Open(scratch["packed"], "test"), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("train, validation"));
    }

    [Test]
    public void PackedFoldersOfTheSameDocumentsHaveTheSameBytes()
    {
        using var scratch = new ScratchFolder();
        scratch.Write("aligned.jsonl", DrawnDocuments.Lines(DrawnDocuments.Draw(4, 50, 30)));
        Run(scratch["aligned.jsonl"], scratch["a"], 32);
        Run(scratch["aligned.jsonl"], scratch["b"], 32);
        foreach (string file in Directory.GetFiles(scratch["a"]))
            Assert.That(File.ReadAllBytes(Path.Combine(scratch["b"], Path.GetFileName(file))), Is.EqualTo(File.ReadAllBytes(file)));
    }

    [Test]
    public void DamagedFoldersAreOneSentence()
    {
        using var scratch = new ScratchFolder();
        scratch.Write("aligned.jsonl", DrawnDocuments.Lines(DrawnDocuments.Draw(4, 50, 30)));
        Run(scratch["aligned.jsonl"], scratch["a"], 32);
        string shard = Directory.GetFiles(scratch["a"], "*.arrow").Single();
        byte[] whole = File.ReadAllBytes(shard);
        File.WriteAllBytes(shard, whole[..(whole.Length / 2)]);
        Assert.That(() => PackedDataset.Open(scratch["a"]), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("cut off"));
        File.Delete(shard);
        Assert.That(() => PackedDataset.Open(scratch["a"]), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("missing"));
        Assert.That(() => PackedDataset.Open(scratch["none"]), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("no such folder"));
        WriteFolder(Pta.File("samples/spA.jsonl.gz"), scratch["documents"]);
        Assert.That(() => PackedDataset.Open(scratch["documents"]), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("next_ids"));
    }

    [Test, Category("Nightly")]
    public void MemoryDoesNotGrowWithTheCorpus()
    {
        using var scratch = new ScratchFolder();
        var random = new Random(1);
        AlignedTokens document = DrawnDocuments.Draw(random, "one", 700, 32000, 10);
        var packer = new SequencePacker(2048, 16);
        long most = 0;
        using var writer = new PackedWriter(scratch["packed"], "train");
        for (int d = 0; d < 8000; d++)
        {
            foreach (PackedSequence sequence in packer.Add(document with { Id = $"{d}" }))
                writer.Write(sequence);
            if (d % 500 == 499)
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true));
        }

        writer.Finish();
        Assert.That(most, Is.LessThan(250_000_000), "open sequences and one record batch; the corpus itself is 600 MB");
    }

    /// <summary>Documents of JSON lines as a Dataset with the official columns; aligned: with the target's own rows in place of a source's.</summary>
    private static void WriteFolder(string lines, string folder, int count = int.MaxValue, bool aligned = false)
    {
        using var writer = new PackedWriter(folder, "train");
        foreach (TokenizedDocument document in PtaKernels.Corpus.JsonLines.Read(lines).Take(count))
        {
            var row = new OfficialRow();
            double[][] values = [.. Enumerable.Range(0, document.Length).Select(t => document.Candidates.ValuesOf(t).ToArray())];
            int[][] ids = [.. Enumerable.Range(0, document.Length).Select(t => document.Candidates.IndicesOf(t).ToArray())];
            row.Add("input_ids", document.Ids);
            row.Add("per_step_logits", values);
            row.Add("per_step_indices", ids);
            row.Add("metric_ce", document.MeanCrossEntropy ?? 3);
            if (aligned)
            {
                row.Add("per_step_aligned_logits_0", values);
                row.Add("per_step_aligned_indices_0", ids);
                row.Add("metric_ce_aligned_0", 2.0);
            }

            writer.Write(row);
        }

        writer.Finish();
    }

    private static void Require(string[] arguments)
    {
        (int exit, _, string errors) = Pta.Run(arguments);
        Assert.That(exit, Is.Zero, errors);
    }

    private static PackingReport Run(string input, string output, int length) => new PackingRun { InputPath = input, OutputPath = output, Length = length }.Run(CancellationToken.None);

    private static string Text(PackedSequence s) => JsonSerializer.Serialize(new { s.Ids, s.Segments, s.Documents, s.Rows.Labels, s.Rows.Offsets, Tokens = s.Rows.Ids, s.Rows.Masses, s.Rows.Missing, s.Reward });
}

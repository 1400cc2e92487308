using System.Diagnostics;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Folders;
using PtaKernels.Text;
using PtaKernels.Training.Tests.Cli;
using TorchSharp;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Capture;

/// <summary>Captures of a corpus: what is stored, against the model run on one document at a time, and however a run is stopped.</summary>
public sealed class CaptureRunTests
{
    [Test]
    public void StoredRowsAreTheModels([Values(1, 4096)] int batchTokens)
    {
        using var folder = new CaptureFolder();
        CaptureReport report = folder.Run("rows", batchTokens: batchTokens).Run(CancellationToken.None);
        TextDocument[] texts = [.. TextDocument.Read(folder["corpus.jsonl"])];
        TokenizedDocument[] stored = [.. DocumentFiles.Read(folder["rows"])];
        Assert.That(stored.Select(static d => d.Id), Is.EqualTo(texts.Select(static t => t.Id)));
        Assert.That(new DatasetFolder(folder["rows"]).Read("train").Select(static r => r.ValueOf("domain")), Is.EqualTo(texts.Select(static (_, i) => i % 2 == 0 ? "even" : "odd")));
        using CausalModel model = ModelFiles.Load(folder["model"], ScalarType.Float32);
        int[] ids = [.. Enumerable.Range(0, folder.Encoder.Vocabulary.Count).Where(folder.Encoder.Vocabulary.HasToken)];
        double nats = 0;
        for (int d = 0; d < texts.Length; d++)
        {
            byte[] utf8 = System.Text.Encoding.UTF8.GetBytes(texts[d].Text);
            EncodedText text = folder.Encoder.Encode(utf8);
            Assert.That(stored[d].Ids, Is.EqualTo(text.Ids.Prepend(folder.Encoder.Bos!.Value).Append(folder.Encoder.Eos!.Value)));
            Assert.That(stored[d].Spans, Is.EqualTo(text.Spans.Prepend((0, 0)).Append((utf8.Length, utf8.Length))));
            float[][] logits = Logits(model, stored[d].Ids);
            for (int t = 0; t < logits.Length; t++)
            {
                double[] sorted = [.. ids.Select(i => (double)logits[t][i]).OrderDescending().Take(10)];
                double sum = Math.Log(ids.Sum(i => Math.Exp(logits[t][i])));
                Assert.That(stored[d].Candidates.ValuesOf(t).ToArray(), Is.EqualTo(sorted).Within(2e-6));
                Assert.That(stored[d].Candidates.IndicesOf(t).ToArray().Select(i => (double)logits[t][i]), Is.EqualTo(sorted).Within(2e-6));
                Assert.That(stored[d].Candidates.IndicesOf(t).ToArray().Distinct().Count(), Is.EqualTo(10));
                Assert.That(stored[d].LogSumExp![t], Is.EqualTo(sum).Within(2e-6));
                if (t + 1 == logits.Length)
                    continue;
                Assert.That(stored[d].LabelCrossEntropy![t], Is.EqualTo(sum - logits[t][stored[d].Ids[t + 1]]).Within(4e-6));
                nats += sum - logits[t][stored[d].Ids[t + 1]];
            }

            Assert.That(stored[d].MeanCrossEntropy, Is.EqualTo(stored[d].LabelCrossEntropy!.Average()).Within(1e-12));
        }

        long bytes = texts.Sum(static t => (long)System.Text.Encoding.UTF8.GetByteCount(t.Text));
        Assert.That((report.Documents, report.Tokens, report.Bytes), Is.EqualTo(((long)texts.Length, stored.Sum(static d => (long)d.Length), bytes)));
        Assert.That(report.BitsPerByte, Is.EqualTo(nats / Math.Log(2) / bytes).Within(1e-6));
    }

    [Test]
    public void StoppedRunGoesOnToTheSameBytes()
    {
        using var folder = new CaptureFolder(documents: 120);
        long before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        CaptureReport whole = folder.Run("whole").Run(CancellationToken.None);
        Assert.That(DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount, Is.EqualTo(before), "tensors are left");
        Assert.That(whole.Shards, Is.GreaterThan(5));
        long done = 0;
        for (int stop = 0; stop < 3; stop++)
        {
            using var cancellation = new CancellationTokenSource();
            long tokens = 0;
            CaptureRun run = folder.Run("parts", (now, _) => { if ((tokens = now) > 450) cancellation.Cancel(); });
            Assert.That(() => run.Run(cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
            Assert.That(folder.Names, Has.Member("parts.partial").And.No.Member("parts"));
            done += tokens;
        }

        var notices = new List<string>();
        double first = 2;
        CaptureReport last = folder.Run("parts", (_, share) => first = Math.Min(first, share), notices.Add).Run(CancellationToken.None);
        Assert.That(folder.Contents("parts"), Is.EqualTo(folder.Contents("whole")));
        Assert.That(last.Resumed, Is.InRange(600, done), "finished shards are not made again");
        Assert.That((last.Tokens, last.BitsPerByte), Is.EqualTo((whole.Tokens, whole.BitsPerByte)));
        Assert.That(notices, Has.One.Contains("going on after"));
        Assert.That(first, Is.LessThan(0.3), "the share is of what is left");
        Assert.That(folder.Names, Has.No.Member("parts.partial"));
    }

    [Test]
    public void KilledRunGoesOnToTheSameBytes()
    {
        using var folder = new CaptureFolder(documents: 200);
        TextEncoder encoder = TextEncoder.Load(Repository.PathOf("samples/demo/neox/tokenizer.model"));
        string model = folder.Model("sentencepiece", encoder, padding: 0, seed: 4);
        File.Copy(Repository.PathOf("samples/demo/neox/tokenizer.model"), Path.Combine(model, "tokenizer.model"));
        string[] Arguments(string output) => ["capture", "--model", model, "--documents", folder["corpus.jsonl"], "--out", folder[output], "--shard-tokens", "300", "--batch-tokens", "300"];
        using (Process killed = PtaProcess.Start(Arguments("killed")))
        {
            killed.BeginOutputReadLine();
            killed.BeginErrorReadLine();
            // Waits in steps that end with the process.
            bool begun = false;
            for (int step = 0; step < 60_000 && !begun && !killed.WaitForExit(1); step++)
                begun = File.Exists(folder["killed.partial/data-00002.arrow"]);
            bool running = !killed.HasExited;
            killed.Kill();
            killed.WaitForExit();
            Assert.That((begun, running), Is.EqualTo((true, true)), "the run must be killed at work");
        }

        Assert.That(folder.Names, Has.Member("killed.partial").And.No.Member("killed"));
        string resumed = "";
        foreach (string output in new[] { "killed", "whole" })
        {
            (int exit, string text, string errors) = Packing.Pta.Run(Arguments(output));
            Assert.That(exit, Is.Zero, errors);
            Assert.That(text, Does.Contain("bits per byte").And.Contains("200 documents"));
            resumed += errors;
        }

        Assert.That(resumed, Does.Contain("going on after"));
        Assert.That(folder.Contents("killed"), Is.EqualTo(folder.Contents("whole")));
    }

    [Test]
    public void OnlyShardsOfTheSameDocumentsAreKept()
    {
        using var folder = new CaptureFolder();
        folder.Run("whole").Run(CancellationToken.None);
        Stop(folder, "parts", shards: 4);
        // A line of the journal that was cut off, and a shard that was.
        File.AppendAllText(folder["parts.partial/capture.jsonl"], "{\"file\":\"data-0");
        using (FileStream shard = File.OpenWrite(folder["parts.partial/data-00003.arrow"]))
            shard.SetLength(shard.Length - 1);
        CaptureReport report = folder.Run("parts").Run(CancellationToken.None);
        Assert.That(folder.Contents("parts"), Is.EqualTo(folder.Contents("whole")));
        Assert.That(report.Resumed, Is.Positive);

        Stop(folder, "changed", shards: 4);
        string[] lines = File.ReadAllLines(folder["corpus.jsonl"]);
        lines[12] = lines[12].Replace("\"text\":\"", "\"text\":\"the mat ", StringComparison.Ordinal);
        File.WriteAllLines(folder["corpus.jsonl"], lines[..25]);
        var notices = new List<string>();
        report = folder.Run("changed", notice: notices.Add).Run(CancellationToken.None);
        Assert.That(notices, Has.One.Contains("was made from other documents"));
        folder.Run("again").Run(CancellationToken.None);
        Assert.That(folder.Contents("changed"), Is.EqualTo(folder.Contents("again")));
        Assert.That(report.Documents, Is.EqualTo(25));
    }

    [Test]
    public void WhatAnotherRunLeftIsRefusedOrRemovedWithANotice()
    {
        using var folder = new CaptureFolder();
        Stop(folder, "parts", shards: 2);
        Assert.That(() => folder.Run("parts", topK: 9).Run(CancellationToken.None), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("top-k 10").And.Message.Contains("--force"));
        using (CausalModel model = ModelFiles.Load(folder["model"], ScalarType.Float32))
        {
            model.Weights["model.norm.weight"].mul_(2);
            ModelFiles.Save(model, folder["model"], folder["model"], replace: true);
        }

        Assert.That(() => folder.Run("parts").Run(CancellationToken.None), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("another model"));
        Assert.That(File.Exists(folder["parts.partial/data-00001.arrow"]), "a refusal removes nothing");
        var notices = new List<string>();
        CaptureReport report = folder.Run("parts", notice: notices.Add, replace: true).Run(CancellationToken.None);
        Assert.That(notices, Has.One.Contains("it was removed"));
        Assert.That(report.Resumed, Is.Zero);
        Assert.That(() => folder.Run("parts").Run(CancellationToken.None), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("exists already"));
    }

    [Test]
    public void BadInputIsOneSentenceAndLeavesNothing()
    {
        using var folder = new CaptureFolder(documents: 3);
        string[] before = [.. folder.Names];
        using (Assert.EnterMultipleScope())
        {
            Fails("line 2: document long has 301 tokens", "pta split --length 256", [("a", "x", "the"), ("long", "x", new string('z', 299))]);
            Fails("document b is empty", "remove it", [("a", "x", "the"), ("b", "x", "")]);
            Fails("holds no document", "name a corpus", []);
            Refused("--top-k 65", folder.Run("rows", topK: 65));
            Refused("--top-k 0", folder.Run("rows", topK: 0));
            Refused("--batch-tokens 0", folder.Run("rows", batchTokens: 0));
            var plain = ToyEncoder.Of("plain", [], begin: false, end: false);
            Refused("--begin on: plain has no begin", new CaptureRun { ModelPath = folder["model"], Encoder = plain, InputPath = folder["corpus.jsonl"], OutputPath = folder["rows"], Begin = true });
            Refused("--end on: plain has no end", new CaptureRun { ModelPath = folder["model"], Encoder = plain, InputPath = folder["corpus.jsonl"], OutputPath = folder["rows"], End = true });
            Wrong("the tokenizer has 358 tokens and the model's embedding 282 rows", new CaptureRun { ModelPath = folder["model"], Encoder = ToyEncoder.Of("wide", [.. Enumerable.Range(0, 100).Select(static i => $"w{i}")]), InputPath = folder["corpus.jsonl"], OutputPath = folder["rows"] });
            Wrong("no such folder", new CaptureRun { ModelPath = folder["none"], Encoder = plain, InputPath = folder["corpus.jsonl"], OutputPath = folder["rows"] });
        }

        Assert.That(folder.Names, Is.EqualTo(before.Append("bad.jsonl").Order(StringComparer.Ordinal)));

        void Fails(string what, string remedy, (string, string, string)[] documents)
        {
            folder.Write("bad.jsonl", documents);
            Assert.That(() => folder.Run("rows", corpus: "bad.jsonl").Run(CancellationToken.None), Throws.TypeOf<AlignmentDataException>().With.Message.Contains(what).And.Message.Contains(remedy));
        }

        static void Refused(string what, CaptureRun run) => Assert.That(() => run.Run(CancellationToken.None), Throws.ArgumentException.With.Message.Contains(what));
        static void Wrong(string what, CaptureRun run) => Assert.That(() => run.Run(CancellationToken.None), Throws.TypeOf<AlignmentDataException>().With.Message.Contains(what));
    }

    [TestCase(float.NaN, "is NaN")]
    [TestCase(float.PositiveInfinity, "logit")]
    public void LogitsThatAreNoNumbersNameTheDocument(float weight, string expected)
    {
        using var folder = new CaptureFolder(documents: 3);
        using (CausalModel model = ModelFiles.Load(folder["model"], ScalarType.Float32))
        {
            model.Weights[model.HeadName][7] = tensor(weight);
            ModelFiles.Save(model, folder["model"], folder["model"], replace: true);
        }

        Assert.That(() => folder.Run("rows").Run(CancellationToken.None), Throws.TypeOf<AlignmentDataException>()
            .With.Message.Contains("line ").And.Message.Contains("document d").And.Message.Contains("row 0").And.Message.Contains("id 7").And.Message.Contains(expected));
    }

    [Test]
    public void BeginAndEndAreLeftOutWhereAskedFor()
    {
        using var folder = new CaptureFolder(documents: 3);
        new CaptureRun { ModelPath = folder["model"], Encoder = folder.Encoder, InputPath = folder["corpus.jsonl"], OutputPath = folder["rows"], Begin = false, End = false, TopK = 64 }.Run(CancellationToken.None);
        TextDocument[] texts = [.. TextDocument.Read(folder["corpus.jsonl"])];
        TokenizedDocument[] stored = [.. DocumentFiles.Read(folder["rows"])];
        Assert.That(stored.Select(static d => d.Ids), Is.EqualTo(texts.Select(t => folder.Encoder.Encode(System.Text.Encoding.UTF8.GetBytes(t.Text)).Ids)));
        Assert.That(stored[0].Candidates.K, Is.EqualTo(64));
    }

    /// <summary>A run that is stopped while it makes the shard after these.</summary>
    private static void Stop(CaptureFolder folder, string output, int shards)
    {
        using var cancellation = new CancellationTokenSource();
        CaptureRun run = folder.Run(output, (_, _) => { if (File.Exists(folder[$"{output}.partial/data-{shards - 1:D5}.arrow"])) cancellation.Cancel(); });
        Assert.That(() => run.Run(cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    private static float[][] Logits(CausalModel model, int[] ids)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using AttentionPattern attention = AttentionPattern.Causal(1, ids.Length, CPU);
        float[] all = model.Logits(tensor(Array.ConvertAll(ids, static i => (long)i), [1, ids.Length]), attention).data<float>().ToArray();
        return [.. all.Chunk(model.Config.Vocabulary)];
    }
}

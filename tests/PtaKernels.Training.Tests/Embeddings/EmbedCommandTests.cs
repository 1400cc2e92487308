using System.Text.Json;
using PtaKernels.Corpus.Stores;
using PtaKernels.Training.Tests.Cli;
using PtaKernels.Training.Tests.Packing;

namespace PtaKernels.Training.Tests.Embeddings;

/// <summary><c>pta embed</c> on two trained models, and alignments that compare what it made.</summary>
public sealed class EmbedCommandTests
{
    private static readonly string Source = Repository.PathOf("samples/demo/neox"), Target = Repository.PathOf("samples/demo/mpt");

    /// <summary>Costs are read by transports only.</summary>
    private static readonly string[] Transport = ["--preset", "fusion", "--projection", "top1", "--transport", "semi-relaxed"];

    private ScratchFolder _scratch = null!;

    [OneTimeSetUp]
    public void EmbedAndCapture()
    {
        _scratch = new ScratchFolder();
        _scratch.Write("texts.jsonl", string.Concat(Enumerable.Range(0, 6).Select(static i => $$"""{"id": "d{{i}}", "text": "Returns the {{i}}th element of the list, or null when there is none; it costs {{i * i}} steps."}""" + "\n")));
        Works("embed", "--source", Source, "--target", Target, "--out", _scratch["e"]);
        foreach ((string name, string model) in new[] { ("theirs", Source), ("ours", Target) })
        {
            Works("capture", "--model", model, "--documents", _scratch["texts.jsonl"], "--out", _scratch[name + "-rows"]);
            Works("store", "import", _scratch[name + "-rows"], "--vocab", model, "--out", _scratch[name]);
        }
    }

    [OneTimeTearDown]
    public void Remove() => _scratch.Dispose();

    [Test]
    public void TheMapOfTrainedModelsFindsPartnersItWasNotFittedOn()
    {
        string text = Works("embed", "--source", Source, "--target", Target, "--out", _scratch["again"], "--json");
        using JsonDocument json = JsonDocument.Parse(text);
        JsonElement heldOut = json.RootElement.GetProperty("header").GetProperty("held_out");
        double precision = heldOut.GetProperty("precision").GetDouble(), chance = heldOut.GetProperty("chance").GetDouble();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(precision, Is.GreaterThan(50 * chance));
            Assert.That(heldOut.GetProperty("cosine").GetDouble(), Is.GreaterThan(0.1));
            Assert.That(json.RootElement.GetProperty("examples").GetArrayLength(), Is.EqualTo(10));
            Assert.That(File.ReadAllBytes(_scratch["again"]), Is.EqualTo(File.ReadAllBytes(_scratch["e"])), "nothing in it is random");
        }

        string shown = Works("embed", "--source", Source, "--target", Target, "--out", _scratch["again"], "--force");
        Assert.That(shown, Does.Contain(FormattableString.Invariant($"{precision:P1} have their partner")).And.Contain("source token, nearest target tokens"));
        Assert.That(Fails("embed", "--source", Source, "--target", Target, "--out", _scratch["again"]), Does.Contain("exists already"));
        Assert.That(Fails("embed", "--source", Source, "--target", Repository.PathOf("samples/demo/target"), "--out", _scratch["none"]), Does.Contain("neither model.safetensors nor"));
        Assert.That(File.Exists(_scratch["none"]), Is.False);
    }

    [Test]
    public void AnAlignmentComparesTheVectorsAndItsManifestSaysWhich()
    {
        string fingerprint = EmbeddingsFile.Read(_scratch["e"]).Embeddings.Fingerprint;
        Works([.. Align("hybrid", "reference", "hybrid"), "--embeddings", _scratch["e"]]);
        Works(Align("texts", "reference", "texts"));
        StoreReader compared = new(_scratch["hybrid"]), texts = new(_scratch["texts"]);
        Assert.That(compared.Header.Producer.Options["embeddings"], Is.EqualTo(fingerprint));
        Assert.That(texts.Header.Producer.Options.Keys, Does.Not.Contain("embeddings"));
        Assert.That(Counted(compared), Is.Not.EqualTo(Counted(texts)), "other rows came of it");

        static string Counted(StoreReader store) => JsonSerializer.Serialize(store.Shards.Select(static s => s.Counts));
    }

    [Test]
    public void AShardOfOtherEmbeddingsIsNotTakenForFinished()
    {
        string[] shard = [.. Align("part", "native", "embedding"), "--embeddings", _scratch["of-shard"], "--shards", "1", "--shard", "0"];
        File.Copy(_scratch["e"], _scratch["of-shard"]);
        Works(shard);
        Assert.That(Works(shard), Does.Contain("finished already"));
        Works("embed", "--source", Source, "--target", Target, "--out", _scratch["of-shard"], "--dimensions", "64", "--force");
        Assert.That(Fails(shard), Does.Contain("exists already"));
    }

    [Test]
    public void FilesThatAreMissingOrTooMuchAreOneSentence()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Fails(Align("x", "native", "hybrid")), Is.EqualTo(
                "pta: cost hybrid needs --embeddings for each of 1 source, in their order, and 0 are given; `pta embed` makes such a file from a source's and the target's model.\n"));
            Assert.That(Fails([.. Align("x", "native", "texts"), "--embeddings", _scratch["e"]]), Does.Contain("add --cost hybrid, or leave the file out"));
            Assert.That(Fails([.. Align("x", "native", "hybrid"), "--embeddings", _scratch["none"]]), Does.Contain("no such file; `pta embed` makes one"));
            Assert.That(Fails([.. Align("x", "native", "hybrid"), "--embeddings", Path.Combine(Source, "model.safetensors")]), Does.Contain("is a safetensors file of something else"));
            Assert.That(Directory.Exists(_scratch["x"]), Is.False);
        }
    }

    [Test]
    public void InspectionAndPlanTakeThemToo()
    {
        string[] models = ["--source", _scratch["theirs"], "--source-vocab", Source, "--target", _scratch["ours"], "--target-vocab", Target, "--backend", "reference", .. Transport];
        string[] hybrid = [.. models, "--cost", "hybrid", "--embeddings", _scratch["e"]];
        Assert.That(Works(["inspect", .. hybrid, "--json"]), Is.Not.EqualTo(Works(["inspect", .. models, "--json"])));
        Assert.That(Works(["plan", .. hybrid, "--sample", "1", "--rounds", "1", "--json"]), Does.Contain("\"cost\": \"hybrid\""));
        foreach (string verb in new[] { "inspect", "plan" })
            Assert.That(Fails([verb, .. models, "--cost", "hybrid"]), Does.Contain("cost hybrid needs --embeddings"), verb);
    }

    [Test]
    public void AlignmentsNeedNoLibtorch()
    {
        string[] command = [.. Align("torchless", "native", "embedding"), "--embeddings", _scratch["e"]];
        (int exit, string errors) = PtaProcess.Run(command, (TorchFolder.Variable, _scratch["no such folder"]), ("LD_PRELOAD", ""));
        Assert.That(exit, Is.Zero, errors);
    }

    private string[] Align(string output, string backend, string cost) =>
    [
        "align", .. Transport, "--cost", cost, "--backend", backend, "--source", _scratch["theirs"], "--source-vocab", Source, "--target", _scratch["ours"], "--target-vocab", Target,
        "--out", _scratch[output],
    ];

    private static string Works(params string[] arguments)
    {
        (int exit, string output, string errors) = Pta.Run(arguments);
        Assert.That(exit, Is.Zero, errors);
        return output;
    }

    private static string Fails(params string[] arguments)
    {
        (int exit, string _, string errors) = Pta.Run(arguments);
        Assert.That(exit, Is.EqualTo(1), errors);
        return errors;
    }
}

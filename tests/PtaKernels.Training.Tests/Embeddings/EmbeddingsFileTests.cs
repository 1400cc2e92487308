using System.Text;
using PtaKernels.Training.Tests.Packing;

namespace PtaKernels.Training.Tests.Embeddings;

/// <summary>The file: what goes in comes out, and anything else is one sentence.</summary>
public sealed class EmbeddingsFileTests
{
    private PlantedTables _tables = null!;
    private FittedEmbeddings _fitted = null!;
    private ScratchFolder _scratch = null!;

    [SetUp]
    public void WriteFile()
    {
        _tables = new PlantedTables(noise: 0.3, words: 40);
        _fitted = _tables.Fit();
        _scratch = new ScratchFolder();
        using FileStream file = File.Create(_scratch["e"]);
        EmbeddingsFile.Write(file, _fitted);
    }

    [TearDown]
    public void Remove()
    {
        _scratch.Dispose();
        _tables.Dispose();
    }

    [Test]
    public void ItReadsAsItWasWritten()
    {
        FittedEmbeddings read = EmbeddingsFile.Read(_scratch["e"]);
        Assert.That(read.Header, Is.EqualTo(_fitted.Header));
        Assert.That(read.Embeddings.Dimensions, Is.EqualTo(64));
        Assert.That(read.Embeddings.Source.ToArray(), Is.EqualTo(_fitted.Embeddings.Source.ToArray()));
        Assert.That(read.Embeddings.Target.ToArray(), Is.EqualTo(_fitted.Embeddings.Target.ToArray()));
        TokenEmbeddings checkedOnes = EmbeddingsFile.Read(_scratch["e"], _tables.Source.Vocabulary, _tables.Target.Vocabulary);
        Assert.That(checkedOnes.Fingerprint, Is.EqualTo(_fitted.Embeddings.Fingerprint));
    }

    [Test]
    public void OtherVocabulariesAreRefused()
    {
        TokenVocabulary source = _tables.Source.Vocabulary, target = _tables.Target.Vocabulary;
        Assert.That(() => EmbeddingsFile.Read(_scratch["e"], target, source), Throws.TypeOf<AlignmentDataException>().With.Message.EqualTo(
            $"{_scratch["e"]}: its source vectors are of vocabulary theirs (fingerprint {source.Fingerprint}), not of ours ({target.Fingerprint}); make them for these models with `pta embed`."));
        Assert.That(() => EmbeddingsFile.Read(_scratch["e"], source, source), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("its target vectors are of vocabulary ours"));
    }

    [Test]
    public void EveryCutIsRefused()
    {
        byte[] whole = File.ReadAllBytes(_scratch["e"]);
        foreach (int length in new[] { 0, 7, 8, 300, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(_scratch["cut"], whole[..length]);
            AlignmentDataException error = Assert.Throws<AlignmentDataException>(() => EmbeddingsFile.Read(_scratch["cut"]), $"{length} bytes")!;
            Assert.That(error.Message, Does.StartWith(_scratch["cut"]).And.Contain("copy it again"));
        }
    }

    [Test]
    public void DamageAnywhereIsSeen()
    {
        byte[] whole = File.ReadAllBytes(_scratch["e"]);
        whole[^1]++;
        File.WriteAllBytes(_scratch["bad"], whole);
        Assert.That(() => EmbeddingsFile.Read(_scratch["bad"]), Throws.TypeOf<AlignmentDataException>().With.Message.EqualTo($"{_scratch["bad"]}: is damaged; copy it again, or make it again with `pta embed`."));
    }

    [TestCase("\"version\":\"1\"", "\"version\":\"2\"", "is version 2 of embeddings, and this program reads 1; make it again with `pta embed`")]
    [TestCase("\"pta-embeddings\"", "\"sta-embeddings\"", "is a safetensors file of something else, not of embeddings; `pta embed` makes one")]
    [TestCase("\"shared_tokens\":\"2", "\"shared_tokens\":\"x", "is damaged")]
    [TestCase("\"held_out_cosine\"", "\"held_out_kosine\"", "is damaged")]
    [TestCase("\"source\":{\"dtype\":\"I8\"", "\"source\":{\"dtype\":\"U8\"", "is damaged")]
    [TestCase("\"target\":{\"dtype\":\"I8\"", "\"tarket\":{\"dtype\":\"I8\"", "is damaged")]
    public void OtherHeadersAreRefused(string part, string other, string sentence)
    {
        string text = Encoding.Latin1.GetString(File.ReadAllBytes(_scratch["e"]));
        Assert.That(text, Does.Contain(part));
        File.WriteAllBytes(_scratch["other"], Encoding.Latin1.GetBytes(text.Replace(part, other, StringComparison.Ordinal)));
        Assert.That(() => EmbeddingsFile.Read(_scratch["other"]), Throws.TypeOf<AlignmentDataException>().With.Message.StartsWith(_scratch["other"]).And.Message.Contains(sentence));
    }

    [Test]
    public void AMissingFileNamesTheWayToOne() =>
        Assert.That(() => EmbeddingsFile.Read(_scratch["none"]), Throws.TypeOf<AlignmentDataException>().With.Message.EqualTo($"{_scratch["none"]}: no such file; `pta embed` makes one."));
}

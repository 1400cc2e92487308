using PtaKernels.Cli.Serve;
using PtaKernels.Tests.Alignment;
using PtaKernels.Tests.Corpus;
using PtaKernels.Tests.Corpus.Serving;
using PtaKernels.Text;

namespace PtaKernels.Tests.Cli;

/// <summary>Which encoder and which map <c>pta serve</c> takes for the vocabularies that it is given.</summary>
[TestFixture]
public sealed class VocabularyNamesTests
{
    private static readonly string Tokenizer = Pta.Samples("demo/target/tokenizer.model");

    [Test]
    public void ATokenizerEncodesForTheTableThatWasMadeOfIt()
    {
        using var folder = new TemporaryFolder();
        TokenVocabulary target = VocabularyFile.Read(Tokenizer);
        VocabularyTableTests.Write(folder["t.arrow"], target);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Read(folder["t.arrow"], null, AlignmentPreset.Fusion).TargetEncoder, Is.TypeOf<LongestToken>());
            Assert.That(Read(folder["t.arrow"], Tokenizer, AlignmentPreset.Paper).TargetEncoder, Is.Null, "nothing asks it");
            IFirstToken exact = Read(folder["t.arrow"], Tokenizer, AlignmentPreset.Fusion).TargetEncoder!, itself = Read(Tokenizer, null, AlignmentPreset.Fusion).TargetEncoder!;
            foreach (string text in (string[])["interface", " the", "Exceptions", "(", "é"])
                Assert.That(exact.FirstToken(System.Text.Encoding.UTF8.GetBytes(text)), Is.Not.Null.And.EqualTo(itself.FirstToken(System.Text.Encoding.UTF8.GetBytes(text))), text);
        }
    }

    [Test]
    public void AnotherTokenizerIsRefused()
    {
        using var folder = new TemporaryFolder();
        VocabularyTableTests.Write(folder["t.arrow"], SmallModel.Target.Vocabulary);
        Assert.That(() => Read(folder["t.arrow"], Tokenizer, AlignmentPreset.Fusion), Throws.TypeOf<AlignmentDataException>().With.Message.StartsWith($"{Tokenizer}: its id ").And.Message.EndsWith("name the tokenizer that the file was made of."));
    }

    private static VocabularyPair Read(string target, string? tokenizer, AlignmentOptions options)
    {
        using var folder = new TemporaryFolder();
        VocabularyTableTests.Write(folder["s.arrow"], SmallModel.Sources[0].Vocabulary);
        VocabularyPair pair = new VocabularyNames(folder["s.arrow"], target, tokenizer, null).Read(options, static _ => { });
        Assert.That(pair.Source.Fingerprint, Is.EqualTo(SmallModel.Sources[0].Vocabulary.Fingerprint));
        return pair;
    }
}

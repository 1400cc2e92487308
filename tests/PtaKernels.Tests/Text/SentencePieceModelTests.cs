using PtaKernels.Text;
using static PtaKernels.Tests.Text.VocabularyAssert;

namespace PtaKernels.Tests.Text;

public sealed class SentencePieceModelTests
{
    private const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6;

    private static ModelWriter Small => new ModelWriter().Piece("<unk>", Unknown).Piece("<s>", Control).Piece("</s>", Control);

    [TestCase("spA")]
    [TestCase("spB")]
    public void TrainedModelsAreTheKnownVocabularies(string name)
    {
        using var folder = new VocabularyFolder();
        string path = folder.Write($"{name}.model", Gunzip(Repository.PathOf("tests", "golden", "tokenizers", $"{name}.model.gz")));
        TokenVocabulary expected = VocabularyFile.Read(Repository.PathOf("samples", "vocab", $"{name}.json.gz"));
        TokenVocabulary actual = VocabularyFile.Read(path);
        AreSame(actual, expected);
        Assert.That(actual.Name, Is.EqualTo(name));
        AreSame(VocabularyFile.Read(Repository.PathOf("tests", "golden", "tokenizers", $"{name}.model.gz")), expected);
    }

    [TestCase("spA", 31741, -31740f)]
    [TestCase("spB", 23741, null)]
    public void TrainedModelsKeepKindsAndScores(string name, int normal, float? last)
    {
        byte[] content = Gunzip(Repository.PathOf("tests", "golden", "tokenizers", $"{name}.model.gz"));
        IReadOnlyList<SentencePieceModel.Piece> pieces = SentencePieceModel.Parse(name, content).Pieces;
        int[] kinds = [.. Enumerable.Range(1, 6).Select(k => pieces.Count(p => p.Kind == (SentencePieceModel.Kind)k))];
        float[] scores = [.. pieces.Where(static p => p.Kind == SentencePieceModel.Kind.Normal).Select(static p => p.Score)];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(kinds, Is.EqualTo(new[] { normal, 1, 2, 0, 0, 256 }));
            Assert.That(scores, Is.Ordered.Descending);
            Assert.That(scores[^1], last is { } score ? Is.EqualTo(score) : Is.LessThan(-1f));
        }
    }

    [Test]
    public void EveryKindOfPiece() =>
        Holds(
            Read(Small.Piece("<0x0A>", Byte).Piece("<0xfe>", Normal).Piece("▁a▁", Normal).Piece("▁▁", UserDefined).Piece("<0x41>", UserDefined).Piece("é", Unused).Piece("[SEP]", Control)),
            ("<unk>", "", Unk), ("<s>", "", Bos), ("</s>", "", Eos), ("<0x0A>", "\n", 0), ("<0xfe>", "<0xfe>", 0), ("▁a▁", " a ", 0), ("▁▁", "  ", 0), ("<0x41>", "<0x41>", 0), ("é", "é", 0), ("[SEP]", "", Special));

    [Test]
    public void BytesAreBytes()
    {
        TokenVocabulary vocabulary = Read(Small.Piece("<0xFE>", Byte).Piece("<0x00>", Byte));
        Assert.That(vocabulary.Bytes[3].ToArray(), Is.EqualTo(new byte[] { 0xFE }));
        Assert.That(vocabulary.Bytes[4].ToArray(), Is.EqualTo(new byte[] { 0 }));
    }

    [Test]
    public void TrainerGivesTheRoles() =>
        Holds(
            Read(new ModelWriter().Piece("<pad>", Control).Piece("</s>", Control).Piece("<unk>", Unknown).Piece("x").Trainer((40, 2), (41, -1), (42, 1), (43, 0))),
            ("<pad>", "", Pad), ("</s>", "", Eos), ("<unk>", "", Unk), ("x", "x", 0));

    [Test]
    public void OnlyControlPiecesHaveRoles() =>
        Holds(
            Read(new ModelWriter().Piece("<unk>", Unknown).Piece("a").Piece("</s>", Control).Trainer((41, 1), (42, 2))),
            ("<unk>", "", Unk), ("a", "a", 0), ("</s>", "", Eos));

    [Test]
    public void DefaultsReachBeyondSmallModels() => Holds(Read(new ModelWriter().Piece("<unk>", Unknown).Piece("a")), ("<unk>", "", Unk), ("a", "a", 0));

    [Test]
    public void NormalizerDecidesTheDummyPrefix()
    {
        Assert.That(Read(Small).AddsDummyPrefix, Is.True);
        Assert.That(Read(Small.Normalizer((4, 1))).AddsDummyPrefix, Is.True);
        Assert.That(Read(Small.Normalizer((3, 0))).AddsDummyPrefix, Is.False);
        Assert.That(Read(Small.Normalizer((3, 0)).Normalizer((3, 1))).AddsDummyPrefix, Is.True);
    }

    [Test]
    public void FieldsOfLaterVersionsAreSteppedOver()
    {
        ModelWriter model = new ModelWriter().Piece("<unk>", Unknown).Integer(900, long.MaxValue).Single(901, 1).Block(902, [1, 2, 3]).Message(4, (1, 1)).Message(5, (3, 0));
        Assert.That(Read(model).Count, Is.EqualTo(1));
        Assert.That(Read(model).AddsDummyPrefix, Is.True, "the denormaliser's own fields are not the normaliser's");
    }

    [Test]
    public void WrongModelsAreRefused()
    {
        Refused(Small.Piece("<s>"), "m.model", "piece 3", "\"<s>\" has the ids 1 and 3");
        Refused(Small.Piece("<0xGG>", Byte), "piece 3", "type BYTE", "<0xNN>");
        Refused(Small.Piece(""), "piece 3", "empty");
        Refused(Small.Piece("a", 7), "piece 3", "type 7", "1 to 6");
        Refused(Small.Piece("b", Unknown), "2 of its 4 pieces");
        Refused(new ModelWriter().Piece("a").Piece("b"), "0 of its 2 pieces");
        Refused(Small.Trainer((40, 1)), "unk_id is 1", "expected 0");
        Refused(Small.Trainer((42, 3)), "eos_id is 3", "3 pieces");
        Refused(Small.Trainer((24, 1)), "suffix");
        Refused(Small.Block(1, [0x0A, 0x02, 0xC3, 0x28]), "not UTF-8");
        Refused(Small.Integer(1, 5), "field 1 of wire type 0");
        Refused(Small.Raw((7 << 3) | 3), "wire type 3");
        Refused(Small.Raw(2), "field 0");
        Refused(Small.Raw((1 << 3) | 2).Raw(ulong.MaxValue), $"a length of {ulong.MaxValue}", "at most the 0 bytes");
        Refused(Small.Raw((1 << 3) | 2).Raw(1), "a length of 1");
        Refused(Small.Block(9, []).Raw(9 << 3), "cut off");
    }

    [Test]
    public void NumbersEndAfterTenBytes()
    {
        byte[] head = Small.ToArray();
        byte[] minusOne = [.. Enumerable.Repeat((byte)0xFF, 9), 1];
        Assert.That(ReadBytes([.. head, 9 << 3, .. minusOne]).Count, Is.EqualTo(3));
        minusOne[9] = 2;
        Refuses(() => ReadBytes([.. head, 9 << 3, .. minusOne]), "more than 64 bits");
        Refuses(() => ReadBytes([.. head, 9 << 3, .. Enumerable.Repeat((byte)0x80, 40)]), "more than 64 bits");
    }

    /// <summary>Whatever a cut leaves is refused, or is whole up to a field's end.</summary>
    [Test]
    public void EveryCut()
    {
        byte[] model = Small.Piece("▁a").Trainer((40, 0), (41, 1), (42, 2), (43, -1)).Normalizer((3, 1)).ToArray();
        int whole = 0;
        for (int length = 0; length < model.Length; length++)
        {
            try
            {
                Assert.That(ReadBytes(model[..length]).StringOf(0), Is.EqualTo("<unk>"));
                whole++;
            }
            catch (AlignmentDataException e)
            {
                Assert.That(e.Message, Does.StartWith("m.model: "));
            }
        }

        Assert.That(whole, Is.EqualTo(5), "after each of the four pieces, and after the trainer");
    }

    private static void Refused(ModelWriter model, params string[] parts) => Refuses(() => Read(model), ["m.model", .. parts]);

    private static TokenVocabulary Read(ModelWriter model) => ReadBytes(model.ToArray());

    private static TokenVocabulary ReadBytes(byte[] model) => VocabularyFile.Parse("m.model", model);
}

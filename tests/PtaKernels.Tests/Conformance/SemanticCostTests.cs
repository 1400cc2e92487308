using CommunityToolkit.HighPerformance;
using PtaKernels.Rules;

namespace PtaKernels.Tests.Conformance;

/// <summary>Candidate costs embedding and hybrid, worked out by hand.</summary>
[TestFixtureSource(typeof(BackendCases), nameof(BackendCases.Names))]
public sealed class SemanticCostTests(string backend)
{
    private readonly IKernelBackend _backend = BackendCases.Open(backend);

    // The same text costs nothing, whatever the vectors say.
    [TestCase(0, 5, 200, 100, 0)]
    [TestCase(0, 0, 255, 40, 0)]
    // Only the vectors.
    [TestCase(1, 5, 37, 100, 37)]
    [TestCase(4, 4, 0, 100, 1, Description = "different texts never cost nothing")]
    [TestCase(3, 3, 200, 100, 200)]
    // Only the text, in hundredths of the longer one, rounded half up: 12.5, 33.3, 66.7, 0.4.
    [TestCase(1, 8, 200, 0, 13)]
    [TestCase(1, 3, 0, 0, 33)]
    [TestCase(2, 3, 0, 0, 67)]
    [TestCase(1, 250, 0, 0, 1)]
    // Without a vector the share says nothing.
    [TestCase(1, 8, 255, 100, 13)]
    [TestCase(2, 2, 255, 70, 100)]
    // 0.5 * 13 + 0.5 * 90 = 51.5; 0.3 * 67 + 0.7 * 20 = 34.1; 0.6 * 33 + 0.4 * 0 = 19.8.
    [TestCase(1, 8, 90, 50, 52)]
    [TestCase(2, 3, 20, 70, 34)]
    [TestCase(1, 3, 0, 40, 20)]
    public void ACost(int edits, int longer, int distance, int share, int cost) => Assert.That(SemanticCosts.Of(edits, longer, (byte)distance, share), Is.EqualTo(cost));

    [Test]
    public void AMatrix()
    {
        TokenTapeBuilder rows = new(), columns = new();
        rows.AddBytes("ab"u8);
        rows.AddBytes("abcd"u8);
        rows.AddBytes("</s>"u8, TokenRoles.Special | TokenRoles.Eos);
        columns.AddBytes("ab"u8);
        columns.AddBytes("xbcd"u8);
        columns.AddBytes("<end>"u8, TokenRoles.Special | TokenRoles.Eos);
        columns.AddBytes("<pad>"u8, TokenRoles.Special | TokenRoles.Pad);
        // Source tokens: 0 without a vector, 1 along an axis. Target tokens: 0 and 1 along the same axis and another, 2 and 3 without.
        sbyte[] source = new sbyte[128], target = new sbyte[256];
        source[64] = target[0] = target[64 + 1] = 127;
        var embeddings = new TokenEmbeddings(64, source, target);
        byte[,] cost = new byte[3, 4];
        SemanticCosts.Fill(_backend, embeddings, rows.ToTape(), [0, 1, 2], [0, 1, -1], columns.ToTape(), [0, 1, 2, 3], [0, 1, 2, 3], 50, new Span2D<byte>(cost));
        Assert.That(cost, Is.EqualTo(new byte[,]
        {
            { 0, 75, 200, 200 }, // "ab" to "xbcd": 3 edits of 4 symbols
            { 26, 63, 200, 200 }, // half of 2 of 4 and half of 2; half of 1 of 4 and half of 100, rounded up
            { 200, 200, 0, 200 },
        }));
    }

    [Test]
    public void LongTextsAndManyEdits()
    {
        TokenTapeBuilder rows = new(), columns = new();
        rows.Add(Enumerable.Repeat((int)'a', 1000).ToArray());
        columns.Add(Enumerable.Repeat((int)'b', 400).ToArray());
        columns.Add(Enumerable.Repeat((int)'a', 995).ToArray());
        var embeddings = new TokenEmbeddings(64, [127, .. new sbyte[63]], [127, .. new sbyte[63], 0, 127, .. new sbyte[62]]);
        byte[,] cost = new byte[1, 2];
        SemanticCosts.Fill(_backend, embeddings, rows.ToTape(), [0], [0], columns.ToTape(), [0, 1], [0, 1], 25, new Span2D<byte>(cost));
        // 1,000 edits of 1,000 and 2; 5 of 1,000, which is 1, and 100: 0.75 * 100 + 0.25 * 2, 0.75 * 1 + 0.25 * 100.
        Assert.That(cost, Is.EqualTo(new byte[,] { { 76, 26 } }));
    }
}

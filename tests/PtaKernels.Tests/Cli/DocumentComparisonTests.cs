using PtaKernels.Cli.Verify.Random;

namespace PtaKernels.Tests.Cli;

/// <summary>When two backends' rows are the same answer (SPEC A4), on rows of three tokens.</summary>
public sealed class DocumentComparisonTests
{
    private const double Rounding = 1e-12;

    private static readonly int[] Tokens = [4, 7, 9];
    private static readonly double[] Masses = [0.5, 0.2, 0.2];

    [TestCase(new[] { 4, 7, 9 }, new[] { 0.5, 0.2, 0.2 }, true, TestName = "the same")]
    [TestCase(new[] { 4, 9, 7 }, new[] { 0.5, 0.2, 0.2 }, true, TestName = "equal masses in another order")]
    [TestCase(new[] { 4, 7, 8 }, new[] { 0.5, 0.2, 0.2 - Rounding }, true, TestName = "another of several equal tokens is kept")]
    [TestCase(new[] { 4, 9, 7 }, new[] { 0.5, 0.2 - 1e-9, 0.2 }, false, TestName = "not heaviest first")]
    [TestCase(new[] { 4, 7, 8 }, new[] { 0.5, 0.2, 0.19 }, false, TestName = "a lighter one is")]
    [TestCase(new[] { 5, 7, 9 }, new[] { 0.5, 0.2, 0.2 }, false, TestName = "a heavier one is another")]
    [TestCase(new[] { 7, 4, 9 }, new[] { 0.5, 0.2, 0.2 }, false, TestName = "masses of other tokens")]
    public void RowsCutToThree(int[] tokens, double[] masses, bool same) => Assert.That(Differs(tokens, masses, targetK: 3), Is.EqualTo(!same));

    [Test]
    public void OnlyACutRowLacksATokenThatHasMass()
    {
        Assert.That(Differs([4, 7, 8], Masses, targetK: 4), Is.True);
        Assert.That(Differs([4, 7, 8], [0.5, 0.2, 1e-11], targetK: 4, expected: [0.5, 0.2, 1e-12]), Is.False, "empty but for rounding");
        Assert.That(Differs([4, 7], [0.5, 0.2], targetK: 4, expected: [0.5, 0.2, 1e-12]), Is.False, "and left out");
        Assert.That(Differs([4, 7], [0.5, 0.2], targetK: 4), Is.True);
        Assert.That(Differs([4, 7, 8], Masses, targetK: 4, options: AlignmentPreset.Fusion with { FusedK = 3 }), Is.False, "cut by fused-k");
    }

    [Test]
    public void ValuesOfAnotherUnitAreNoMasses() =>
        Assert.That(Differs([4, 7, 8], [0.5, 0.2, -9], targetK: 3, expected: [0.5, 0.2, -9], options: AlignmentPreset.Reference), Is.True, "logits are negative, and no row is cut");

    [Test]
    public void TheSignalMayDifferOnlyWhereAnotherTokenIsKept()
    {
        Assert.That(Differs(Tokens, Masses, targetK: 3, signal: 0.4), Is.True);
        Assert.That(Differs([4, 7, 8], Masses, targetK: 3, signal: 0.4), Is.False);
    }

    private static bool Differs(int[] tokens, double[] masses, int targetK, double[]? expected = null, double signal = 0.3, AlignmentOptions? options = null)
    {
        AlignmentOptions used = options ?? AlignmentPreset.Fusion;
        return DocumentComparison.FirstDifference(Row(tokens, masses, signal), Row(Tokens, expected ?? Masses, 0.3), used, targetK) is not null;

        AlignedDocument Row(int[] ids, double[] values, double kept)
        {
            var row = new AlignedDocument("d", used.Output);
            row.AddRow(ids, values, new RowProvenance(RowRule.Boundary, SourceRow: 0, SignalKept: kept));
            return row;
        }
    }
}

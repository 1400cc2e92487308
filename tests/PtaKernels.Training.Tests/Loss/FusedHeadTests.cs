using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Loss;

/// <summary>The fused output head against the dense formula.</summary>
public sealed class FusedHeadTests
{
    [OneTimeSetUp]
    public void Load() => TorchRuntime.Load();

    [Test]
    public void AgreesWithTheDenseFormulaInFloat64([Values(1, 2, 3)] int seed, [Values(1, 2, 17, 40)] int count, [Values] bool tail, [Values] FusionDivergence divergence)
    {
        using var scope = NewDisposeScope();
        const int Vocabulary = 23, Width = 5;
        FusionRows rows = DrawnRows.Draw(seed, count, Vocabulary - 3, 9, tail);
        (Tensor hidden, Tensor head) = Draw(seed, count, Width, Vocabulary, ScalarType.Float64);
        var (nextToken, fusion, byHidden, byHead) = DenseLoss.Of(hidden, head, rows, 0.7, 0.3, divergence == FusionDivergence.KullbackLeibler);
        foreach (long chunk in new[] { 8L * Vocabulary, 8L * Vocabulary * 16, 1L << 24 })
        {
            Tensor hiddenGradient = full([count, Width], 9.0, dtype: ScalarType.Float64), headGradient = ones([Vocabulary, Width], dtype: ScalarType.Float64);
            LossSums sums = FusedHead.Run(hidden, head, rows, 0.7, 0.3, divergence, Vocabulary - 3, hiddenGradient, headGradient, chunk);
            using (Assert.EnterMultipleScope())
            {
                Assert.That(sums.NextToken, Is.EqualTo(nextToken).Within(1e-11));
                Assert.That(sums.Fusion, Is.EqualTo(fusion).Within(1e-11));
                Assert.That(Largest(hiddenGradient - byHidden), Is.LessThan(1e-12));
                Assert.That(Largest(headGradient - 1 - byHead), Is.LessThan(1e-12));
            }
        }
    }

    [Test]
    public void GradientsAreThoseOfFiniteDifferences([Values(4, 5)] int seed, [Values] bool tail)
    {
        using var scope = NewDisposeScope();
        const double Step = 1e-6;
        FusionRows rows = DrawnRows.Draw(seed, 4, 6, 3, tail);
        (Tensor hidden, Tensor head) = Draw(seed, 4, 3, 6, ScalarType.Float64);
        Tensor byHidden = zeros_like(hidden), byHead = zeros_like(head);
        FusedHead.Run(hidden, head, rows, 0.6, 0.4, FusionDivergence.CrossEntropy, 6, byHidden, byHead);
        foreach ((Tensor what, Tensor gradient) in new[] { (hidden, byHidden), (head, byHead) })
        {
            for (int i = 0; i < what.shape[0]; i++)
            {
                for (int j = 0; j < what.shape[1]; j++)
                {
                    double Shifted(double by)
                    {
                        what[i, j] += by;
                        LossSums sums = FusedHead.Run(hidden, head, rows, 0, 0, FusionDivergence.CrossEntropy, 6);
                        what[i, j] -= by;
                        return (0.6 * sums.NextToken) + (0.4 * sums.Fusion);
                    }

                    Assert.That(gradient[i, j].item<double>(), Is.EqualTo((Shifted(Step) - Shifted(-Step)) / (2 * Step)).Within(1e-8));
                }
            }
        }
    }

    [Test]
    public void TailWithoutMissingMassAndWithNothingElse([Values(0f, 1f)] float missing)
    {
        using var scope = NewDisposeScope();
        FusionRows rows = DrawnRows.One(2, [1, 4], [(1 - missing) * 0.5f, (1 - missing) * 0.5f], missing);
        (Tensor hidden, Tensor head) = Draw(1, 1, 3, 6, ScalarType.Float64);
        RequireAgreement(hidden, head, rows);
    }

    [Test]
    public void TailOfAStudentThatIsSureOfTheSupport([Values(8, 12, 15, 20, 60, 800)] int sureness, [Values] bool single)
    {
        using var scope = NewDisposeScope();
        FusionRows rows = DrawnRows.One(0, [0, 1], [0.5f, 0.2f], 0.3f);
        ScalarType type = single ? ScalarType.Float32 : ScalarType.Float64;
        Tensor hidden = tensor(new double[] { sureness }, [1, 1]).to(type), head = tensor(new double[] { 1, 0.99, 0, -1 }, [4, 1]).to(type);
        if (!single)
        {
            RequireAgreement(hidden, head, rows);
            return;
        }

        Tensor hiddenGradient = zeros_like(hidden), headGradient = zeros_like(head);
        Tensor exactHidden = zeros([1, 1], dtype: ScalarType.Float64), exactHead = zeros([4, 1], dtype: ScalarType.Float64);
        LossSums sums = FusedHead.Run(hidden, head, rows, 0.5, 0.5, FusionDivergence.CrossEntropy, 4, hiddenGradient, headGradient);
        LossSums exact = FusedHead.Run(hidden.to(ScalarType.Float64), head.to(ScalarType.Float64), rows, 0.5, 0.5, FusionDivergence.CrossEntropy, 4, exactHidden, exactHead);
        using (Assert.EnterMultipleScope())
        {
            // A log near the clamp has few digits in float32: the log-softmax itself leaves 1e-7 of 1 - S.
            Assert.That(sums.Fusion, Is.EqualTo(exact.Fusion).Within(0.05));
            Assert.That(Largest(headGradient.to(ScalarType.Float64)[..2] - exactHead[..2]), Is.LessThan(1e-4 * sureness));
            Assert.That(hiddenGradient.isfinite().all().item<bool>() && headGradient.isfinite().all().item<bool>());
        }
    }

    [Test]
    public void RowsThatTeachNothing()
    {
        using var scope = NewDisposeScope();
        var rows = new FusionRows { Labels = [-1, -1, -1], Offsets = [0, 0, 0, 0], Ids = [], Masses = [], Missing = [0, float.NaN, 0] };
        (Tensor hidden, Tensor head) = Draw(1, 3, 4, 6, ScalarType.Float32);
        hidden[1] = tensor(float.NaN); // masked, so that nobody looks at it
        Tensor hiddenGradient = ones_like(hidden), headGradient = ones_like(head);
        LossSums sums = FusedHead.Run(hidden, head, rows, 1, 1, FusionDivergence.KullbackLeibler, 6, hiddenGradient, headGradient);
        Assert.That(sums, Is.EqualTo(new LossSums(0, 0)));
        Assert.That((Largest(hiddenGradient), Largest(headGradient - 1)), Is.EqualTo((0.0, 0.0)));
        FusionRows none = new() { Labels = [], Offsets = [0], Ids = [], Masses = [], Missing = [] };
        Assert.That(FusedHead.Run(hidden[..0], head, none, 1, 1, FusionDivergence.CrossEntropy, 6, hiddenGradient[..0], headGradient), Is.EqualTo(new LossSums(0, 0)));
    }

    [Test]
    public void HiddenStatesThatAreNoNumbersGiveNoNumbers([Values(float.NaN, float.PositiveInfinity, float.NegativeInfinity)] float bad)
    {
        using var scope = NewDisposeScope();
        FusionRows rows = DrawnRows.One(2, [1, 4], [0.4f, 0.2f], 0.4f);
        (Tensor hidden, Tensor head) = Draw(1, 1, 4, 6, ScalarType.Float32);
        hidden[0, 2] = bad;
        LossSums sums = FusedHead.Run(hidden, head, rows, 1, 1, FusionDivergence.CrossEntropy, 6, zeros_like(hidden), zeros_like(head));
        Assert.That((double.IsNaN(sums.NextToken), double.IsNaN(sums.Fusion)), Is.EqualTo((true, true)));
    }

    [Test]
    public void SameInputGivesTheSameBits([Values(ScalarType.Float32, ScalarType.BFloat16)] ScalarType type)
    {
        using var scope = NewDisposeScope();
        FusionRows rows = DrawnRows.Draw(3, 300, 500, 12, true);
        (Tensor hidden, Tensor head) = Draw(3, 300, 32, 512, type);
        (LossSums Sums, byte[] Hidden, byte[] Head)[] runs = [.. Enumerable.Range(0, 3).Select(_ =>
        {
            Tensor hiddenGradient = zeros_like(hidden), headGradient = zeros([512, 32]);
            LossSums sums = FusedHead.Run(hidden, head, rows, 0.5, 0.5, FusionDivergence.CrossEntropy, 512, hiddenGradient, headGradient, 512 * 4 * 48);
            return (sums, hiddenGradient.bytes.ToArray(), headGradient.bytes.ToArray());
        })];
        Assert.That(runs.All(r => r.Sums == runs[0].Sums && r.Hidden.AsSpan().SequenceEqual(runs[0].Hidden) && r.Head.AsSpan().SequenceEqual(runs[0].Head)));
    }

    [Test]
    public void NoTensorIsLeftBehind([Values] bool masked)
    {
        using var scope = NewDisposeScope();
        FusionRows rows = masked ? DrawnRows.Draw(3, 40, 60, 5, true) : DrawnRows.One(3, [1], [1], 0);
        (Tensor hidden, Tensor head) = Draw(3, rows.Count, 8, 64, ScalarType.Float32);
        Tensor hiddenGradient = zeros_like(hidden), headGradient = zeros_like(head);
        long before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 3; i++)
            FusedHead.Run(hidden, head, rows, 0.5, 0.5, FusionDivergence.CrossEntropy, 64, hiddenGradient, headGradient, 64 * 4 * 16);
        Assert.That(TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount, Is.EqualTo(before));
    }

    [Test]
    public void NarrowTypesComeNearFloat64([Values(ScalarType.Float32, ScalarType.BFloat16)] ScalarType type)
    {
        using var scope = NewDisposeScope();
        FusionRows rows = DrawnRows.Draw(8, 70, 200, 10, true);
        (Tensor hidden, Tensor head) = Draw(8, 70, 16, 200, type);
        Tensor wideHidden = hidden.to(ScalarType.Float64), wideHead = head.to(ScalarType.Float64);
        Tensor hiddenGradient = zeros_like(hidden), headGradient = zeros([200, 16]), exactHidden = zeros_like(wideHidden), exactHead = zeros_like(wideHead);
        LossSums sums = FusedHead.Run(hidden, head, rows, 0.5, 0.5, FusionDivergence.CrossEntropy, 200, hiddenGradient, headGradient);
        LossSums exact = FusedHead.Run(wideHidden, wideHead, rows, 0.5, 0.5, FusionDivergence.CrossEntropy, 200, exactHidden, exactHead);
        double tolerance = type == ScalarType.Float32 ? 1e-5 : 2e-2;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(sums.NextToken, Is.EqualTo(exact.NextToken).Within(tolerance).Percent);
            Assert.That(sums.Fusion, Is.EqualTo(exact.Fusion).Within(tolerance).Percent);
            Assert.That(Largest(hiddenGradient.to(ScalarType.Float64) - exactHidden), Is.LessThan(tolerance * Largest(exactHidden)));
            Assert.That(Largest(headGradient.to(ScalarType.Float64) - exactHead), Is.LessThan(tolerance * Largest(exactHead)));
        }
    }

    [Test]
    public void RowsThatAreNoneAreRefused()
    {
        using var scope = NewDisposeScope();
        (Tensor hidden, Tensor head) = Draw(1, 1, 3, 8, ScalarType.Float32);
        void Refused(FusionRows rows, string part) => Assert.That(
            () => FusedHead.Run(hidden, head, rows, 1, 1, FusionDivergence.CrossEntropy, 6), Throws.ArgumentException.With.Message.Contains(part));
        Refused(DrawnRows.One(2, [1, 3, 1], [0.2f, 0.3f, 0.5f], 0), "token 1 stands twice");
        Refused(DrawnRows.One(2, [1, 6], [0.5f, 0.5f], 0), "token 6 is none of 6");
        Refused(DrawnRows.One(2, [-1, 5], [0.5f, 0.5f], 0), "token -1 is none of 6");
        Refused(DrawnRows.One(6, [], [], 0), "next token 6 is none of 6");
        Refused(DrawnRows.One(1, [2], [float.NaN], 0), "mass NaN");
        Refused(DrawnRows.One(1, [2], [0.5f], -0.5f), "missing mass -0.5");
        Refused(new FusionRows { Labels = [1, 1], Offsets = [0, 0, 0], Ids = [], Masses = [], Missing = [0, 0] }, "2 rows");
        Assert.That(() => FusedHead.Run(hidden, head, DrawnRows.One(1, [], [], 0), 1, 1, FusionDivergence.CrossEntropy, 9), Throws.ArgumentException.With.Message.Contains("9 tokens"));
    }

    private static void RequireAgreement(Tensor hidden, Tensor head, FusionRows rows)
    {
        Tensor hiddenGradient = zeros_like(hidden), headGradient = zeros_like(head);
        LossSums sums = FusedHead.Run(hidden, head, rows, 0.5, 0.5, FusionDivergence.CrossEntropy, (int)head.shape[0], hiddenGradient, headGradient);
        var (nextToken, fusion, byHidden, byHead) = DenseLoss.Of(hidden, head, rows, 0.5, 0.5, false);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((sums.NextToken, sums.Fusion), Is.EqualTo((nextToken, fusion)).Within(1e-9));
            Assert.That(Largest(hiddenGradient - byHidden), Is.LessThan(1e-8));
            Assert.That(Largest(headGradient - byHead), Is.LessThan(1e-7));
        }
    }

    private static (Tensor Hidden, Tensor Head) Draw(int seed, int count, int width, int vocabulary, ScalarType type)
    {
        manual_seed(seed);
        return (randn([count, width], dtype: ScalarType.Float64).to(type), randn([vocabulary, width], dtype: ScalarType.Float64).to(type));
    }

    private static double Largest(Tensor values) => values.numel() == 0 ? 0 : values.abs().max().to(ScalarType.Float64).item<double>();
}

using System.Text;
using PtaKernels.Alignment;

namespace PtaKernels.Tests.Alignment;

/// <summary>Bits per byte, by document and by label (SPEC A3.5).</summary>
[TestFixture]
public sealed class SourceScoresTests
{
    [Test]
    public void PerRowIsWhatEveryByteSays()
    {
        Random random = new(1);
        int scored = 0, unscored = 0;
        for (int d = 0; d < 60; d++)
        {
            string text = SmallModel.RandomText(random, random.Next(1, 20));
            DraftDocument target = SmallModel.Target.Draw(random, "d", text);
            foreach (SmallModel model in SmallModel.Sources)
            {
                DraftDocument source = model.Draw(random, "d", text);
                double[] actual = SourceScores.PerRow(new DocumentPair(source.ToDocument(), target.ToDocument()), model.To(SmallModel.Target));
                Assert.That(actual, Has.Length.EqualTo(target.Ids.Length));
                for (int i = 0; i < actual.Length; i++)
                {
                    double? expected = MergingOracle.BitsPerByteOfLabel(source, model, target, SmallModel.Target, i);
                    Assert.That(actual[i], expected is null ? Is.NaN : Is.EqualTo(expected.Value).Within(1e-12), $"row {i} of \"{text}\"");
                    scored += expected is null ? 0 : 1;
                    unscored += expected is null ? 1 : 0;
                }
            }
        }

        Assert.That(scored, Is.GreaterThan(unscored));
        Assert.That(unscored, Is.GreaterThan(180), "last rows and rows that the source's first token covers");
    }

    [Test]
    public void TextThatWasNotMatchedHasNoScore()
    {
        // The source reads one letter otherwise, in a text long enough to be aligned all the same.
        Random random = new(2);
        string text = SmallModel.RandomText(random, 60);
        DraftDocument target = SmallModel.Target.Draw(random, "d", text[..30] + "a" + text[30..]);
        DraftDocument source = SmallModel.Sources[0].Draw(random, "d", text[..30] + "d" + text[30..]);
        double[] scores = SourceScores.PerRow(new DocumentPair(source.ToDocument(), target.ToDocument()), SmallModel.Sources[0].To(SmallModel.Target));
        int end = 0;
        for (int i = 0; i + 1 < scores.Length; i++)
        {
            int start = end += SmallModel.Target.Vocabulary.Bytes[target.Ids[i]].Length;
            int stop = start + SmallModel.Target.Vocabulary.Bytes[target.Ids[i + 1]].Length;
            bool special = start == stop, touchesTheOther = start is 30 or 31 || stop is 30 or 31;
            Assert.That(double.IsNaN(scores[i]), Is.EqualTo(special || touchesTheOther), $"label at {start}..{stop}");
        }
    }

    [Test]
    public void BitsComeFromLabelsElseFromTheirMean()
    {
        DraftDocument draft = SmallModel.Target.Draw(new Random(3), "d", "abcd");
        draft.LabelCrossEntropy = [.. draft.LabelCrossEntropy!.Select(_ => 2.0)];
        draft.MeanCrossEntropy = 100;
        double labels = draft.Ids.Length - 1;
        Assert.That(SourceScores.BitsPerByte(draft.ToDocument(), Encoding.UTF8.GetByteCount("abcd")), Is.EqualTo(2 * labels / Math.Log(2) / 4).Within(1e-12));
        draft.LabelCrossEntropy = null;
        Assert.That(SourceScores.BitsPerByte(draft.ToDocument(), 4), Is.EqualTo(100 * labels / Math.Log(2) / 4).Within(1e-12));
        draft.MeanCrossEntropy = null;
        Assert.That(SourceScores.BitsOf(draft.ToDocument()), Is.Null);
        Assert.That(SourceScores.BitsPerByte(draft.ToDocument(), 4), Is.Null);
    }

    [Test]
    public void AnEmptyTextCountsAsOneByte()
    {
        DraftDocument draft = SmallModel.Target.Draw(new Random(4), "d", "");
        draft.Ids = [SmallModel.Bos, SmallModel.Eos];
        draft.LabelCrossEntropy = [3];
        Assert.That(SourceScores.BitsPerByte(draft.ToDocument(), 0), Is.EqualTo(3 / Math.Log(2)));
    }
}

using System.Numerics;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Tests.Corpus.Stores;

/// <summary>How ids and numbers become bytes.</summary>
public sealed class StoreEncodingTests
{
    [Test]
    public void PackedNumbersAreTheBitsOfOneBigNumber([Range(1, BitPacking.MaxBits)] int bits)
    {
        var random = new Random(bits);
        for (int count = 0; count < 70; count++)
        {
            int[] values = [.. Enumerable.Range(0, count).Select(_ => (int)random.NextInt64(1L << bits))];
            byte[] packed = new byte[BitPacking.BytesOf(count, bits)];
            BitPacking.Pack(values, bits, packed);
            BigInteger expected = values.Index().Aggregate(BigInteger.Zero, (sum, v) => sum + ((BigInteger)v.Item << (v.Index * bits)));
            Assert.That(new BigInteger(packed, isUnsigned: true), Is.EqualTo(expected), $"{count} numbers");
            int[] again = new int[count];
            BitPacking.Unpack(packed, bits, again);
            Assert.That(again, Is.EqualTo(values), $"{count} numbers");
            BitPacking.Unpack([.. packed, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], bits, again);
            Assert.That(again, Is.EqualTo(values), $"{count} numbers with others behind them");
        }
    }

    [TestCase(1, 1)]
    [TestCase(2, 1)]
    [TestCase(3, 2)]
    [TestCase(65_536, 16)]
    [TestCase(65_537, 17)]
    [TestCase(200_019, 18)]
    public void BitsAreThoseOfTheLastId(int tokens, int bits) => Assert.That(BitPacking.BitsFor(tokens), Is.EqualTo(bits));

    [Test]
    public void EveryFloat16ComesBack()
    {
        double[] all = [.. Enumerable.Range(0, 1 << 16).Select(static bits => (double)BitConverter.UInt16BitsToHalf((ushort)bits))];
        byte[] bytes = new byte[2 * all.Length];
        Assert.That(Numbers.Narrow(all, NumberType.Float16, bytes), Is.EqualTo(-1));
        double[] again = new double[all.Length];
        Numbers.Widen(bytes, NumberType.Float16, again);
        Assert.That(again, Is.EqualTo(all));
    }

    [TestCase(NumberType.Float16, 65_519, 65_504)]
    [TestCase(NumberType.Float16, -1e9, double.NegativeInfinity)]
    [TestCase(NumberType.Float16, 1e-9, 0)]
    [TestCase(NumberType.Float32, 0.1, 0.1f)]
    [TestCase(NumberType.Float64, 0.1, 0.1)]
    public void NumbersAreRounded(NumberType type, double value, double stored)
    {
        byte[] bytes = new byte[Numbers.WidthOf(type)];
        double[] again = new double[1];
        Assert.That(Numbers.Narrow([value], type, bytes), Is.EqualTo(-1));
        Numbers.Widen(bytes, type, again);
        Assert.That(again[0], Is.EqualTo(stored));
    }

    [TestCase(NumberType.Float16, 65_520)]
    [TestCase(NumberType.Float32, 1e39)]
    public void WhatIsTooLargeIsNamed(NumberType type, double value) =>
        Assert.That(Numbers.Narrow([1, double.PositiveInfinity, double.NaN, value, value], type, new byte[5 * Numbers.WidthOf(type)]), Is.EqualTo(3));

    [Test]
    public void ProvenanceIsAByte([Values] RowRule rule, [Range(-1, Provenance.MaxSources - 1)] int source)
    {
        byte value = Provenance.Of(new RowProvenance(rule, Source: source));
        Assert.That(Provenance.Read(value), Is.EqualTo((rule, source)));
    }

    [Test]
    public void AnUnknownRuleIsDamage() => Assert.That(static () => Provenance.Read(15), Throws.TypeOf<InvalidDataException>());
}

// What a training would take: days, energy, money. Prices are the person's; the convention for energy is LLaMA's.

/**
 * Facility power over device power, and what a kilowatt-hour emits: Touvron et al. 2023, table 15 (400 W, 1.1, 0.385
 * kg).
 */
const energyConvention = { facility: 1.1, kilogramsPerKilowattHour: 0.385 } as const

export interface TrainingCost {
  steps: number
  seconds: number
  days: number
  deviceHours: number
  energyKilowattHours: number
  carbonKilograms: number
  /** null until the person gives a price. */
  money: number | null
}

/** `availability`: the share of time that makes progress; OPT lost machines daily and restarted by hand 35 times. */
export function trainingCost({
  tokens,
  tokensPerStep,
  stepSeconds,
  devices,
  deviceWatts,
  pricePerDeviceHour = null,
  availability = 1,
}: {
  tokens: number
  tokensPerStep: number
  stepSeconds: number
  devices: number
  deviceWatts: number
  pricePerDeviceHour?: number | null
  availability?: number
}): TrainingCost {
  const steps = Math.ceil(tokens / tokensPerStep)
  const seconds = (steps * stepSeconds) / availability
  const deviceHours = (devices * seconds) / 3600
  const energyKilowattHours = (deviceHours * deviceWatts * energyConvention.facility) / 1000
  return {
    steps,
    seconds,
    days: seconds / 86_400,
    deviceHours,
    energyKilowattHours,
    carbonKilograms: energyKilowattHours * energyConvention.kilogramsPerKilowattHour,
    money: pricePerDeviceHour === null ? null : deviceHours * pricePerDeviceHour,
  }
}
